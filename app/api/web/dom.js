// Elements made of text, never of html: what comes from outside stays inert.

import { t } from "./language.js";
import { at } from "./root.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * The element with this id, which the view's html has; the caller knows its kind.
 * @param {string} id
 * @returns {any}
 */
export const $ = (id) => document.getElementById(id);

/**
 * An html element; the caller knows its kind.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {any[]} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/**
 * An svg element.
 * @param {string} tag
 * @param {Record<string, any>} props
 * @param {any[]} children
 */
export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "share") element.style.setProperty("--share", Math.max(0, Math.min(1, value)));
    else if (name === "href" && /^\/(?!\/)/.test(value)) element.setAttribute(name, at(value));
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(9).filter((child) => child !== undefined && child !== null && child !== false && child !== ""),
  );
  return element;
}

/** The head of a table, with a column for each name. */
export function heads(names) {
  return h(
    "thead",
    null,
    h(
      "tr",
      null,
      names.map((name) => h("th", { scope: "col" }, name)),
    ),
  );
}

/** Write only what differs, so that nothing flickers and no selection is lost. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make the children of `parent` those of `items`: known keys keep their element, `make` makes the others.
 * Stops after making `most`; true once all is there.
 */
export function keep(parent, items, key, version, make, most = Infinity) {
  parent.kept ??= new Map();
  const known = parent.kept;
  const wanted = new Set(items.map(key));
  for (const [name, one] of known)
    if (!wanted.has(name)) {
      one.element.remove();
      known.delete(name);
    }
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item),
      is = version(item);
    let one = known.get(name);
    if (!one || one.version !== is) {
      if (most-- <= 0) return false;
      const element = make(item, one?.element);
      if (one && one.element !== element) {
        if (place === one.element) place = element;
        one.element.replaceWith(element);
      }
      one = { element, version: is };
      known.set(name, one);
    }
    if (one.element === place) place = place.nextElementSibling;
    else parent.insertBefore(one.element, place);
  }
  return true;
}

/** Run `draw` once in the next frame, however often it is asked for. */
export function framed(draw) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    const go = () => {
      if (due) {
        due = false;
        draw();
      }
    };
    if (document.hidden) setTimeout(go, 200);
    else requestAnimationFrame(go);
  };
}

/** Tell screen readers, politely and not too often. */
let told = 0,
  waiting;
export function tell(text, now = false) {
  clearTimeout(waiting);
  waiting = setTimeout(
    () => {
      told = Date.now();
      say($("said"), text);
    },
    now ? 50 : Math.max(50, told + 6000 - Date.now()),
  );
}

/** Say what was refused to all, until it is closed: what `tell` says is only heard. */
export function complain(text) {
  $("refused")?.remove();
  const box = h("div", { id: "refused", class: "notice bad", role: "alert" });
  const close = { type: "button", class: "slim", onclick: () => box.remove() };
  $("main").append(box);
  box.append(h("p", null, text), h("button", close, t("Close")));
}

/** The address of a link, if a browser may follow it: http(s) and nothing else. */
export function followable(url) {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "http:" || protocol === "https:" ? href : null;
  } catch {
    return null;
  }
}

export function out(url, text, props) {
  const href = followable(url);
  return href
    ? h("a", { href, rel: "noopener noreferrer nofollow", target: "_blank", ...props }, text)
    : h("span", props, text);
}

const SHAPES = {
  pending: [
    "circle",
    { cx: 8, cy: 8, r: 6, fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-dasharray": "2.5 2.2" },
  ],
  running: [
    "path",
    { d: "M8 2a6 6 0 1 1-6 6", fill: "none", stroke: "currentColor", "stroke-width": 2.2, "stroke-linecap": "round" },
  ],
  input_required: [
    "path",
    {
      d: "M5 6a3 3 0 1 1 4.2 2.7C8.3 9.2 8 9.7 8 10.5M8 13.5v.1",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 2.2,
      "stroke-linecap": "round",
    },
  ],
  cancelling: [
    "path",
    { d: "M5 3.5v9M11 3.5v9", stroke: "currentColor", "stroke-width": 2.4, "stroke-linecap": "round" },
  ],
  completed: [
    "path",
    {
      d: "M2.5 8.5 6.2 12 13.5 4",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 2.2,
      "stroke-linecap": "round",
    },
  ],
  failed: [
    "path",
    { d: "M3.5 3.5l9 9m0-9l-9 9", stroke: "currentColor", "stroke-width": 2.2, "stroke-linecap": "round" },
  ],
  cancelled: ["path", { d: "M3 8h10", stroke: "currentColor", "stroke-width": 2.4, "stroke-linecap": "round" }],
};

const NAMES = {
  pending: t("Waiting"),
  running: t("Running"),
  input_required: t("Needs your input"),
  cancelling: t("Stopping"),
  completed: t("Completed"),
  failed: t("Failed"),
  cancelled: t("Cancelled"),
};
export const STATUSES = Object.keys(NAMES);
export const statusName = (status) => NAMES[status] ?? status;

export const OUTCOMES = {
  answered: t("Answered"),
  partial: t("Done in part"),
  not_found: t("Nothing found"),
  not_researched: t("Not researched"),
};

/** How unsuccessful outcomes are drawn. */
const LOOKS = { partial: "cancelling", not_found: "cancelled", not_researched: "failed" };

/** The word of a status; of a job that is over, the outcome that is not the whole answer. */
export const stateName = (status, outcome = "") =>
  status === "completed" && outcome in LOOKS ? OUTCOMES[outcome] : statusName(status);

/**
 * A status as a shape and a word; the colour only repeats them. A job that ended without a whole answer
 * does not look like one with it.
 */
export function state(status, outcome = "") {
  const is = status === "completed" && outcome in LOOKS ? outcome : status;
  const looks = LOOKS[is] ?? is;
  const [shape, props] = SHAPES[looks] ?? SHAPES.pending;
  return h(
    "span",
    { class: `state state-${is}` },
    svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg(shape, props)),
    stateName(status, outcome),
  );
}

/** Ask before something that cannot be taken back. */
export function confirmed(title, text, yes, no) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { "aria-labelledby": "sure" },
      h("h2", { id: "sure" }, title),
      h("p", { class: "soft" }, text),
      h(
        "form",
        { method: "dialog", class: "acts" },
        h("button", { value: "no", autofocus: true }, no),
        h("button", { value: "yes", class: "main" }, yes),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
