// What happened: turns and notes in order. A long record is in parts, of which the open ones are elements.
import { $, h, keep, out } from "./dom.js";
import { isOver, toolInWords } from "./fold.js";
import { t } from "./language.js";
import { page } from "./run_state.js";
import { figures } from "./timeline.js";
import { asideInWords, count, date, host, lasted, many, size, tries } from "./words.js";

const WHOLE = 40; // entries that are shown without parts
const PART = 15; // entries of a part
const MADE = 60; // entries made in one frame

const opened = new Map(); // what the reader opened or closed, by part

/** Draw the entries; false while some are still to be made in a later frame. */
export function drawRecord(job, most = MADE) {
  const list = $("entries");
  const isLong = job.entries.length > WHOLE;
  if (list.dataset.long !== String(isLong)) {
    list.dataset.long = String(isLong);
    list.replaceChildren();
    list.kept?.clear();
  }
  if (!isLong) return drawEntries(list, job, job.entries, most);
  const parts = [];
  for (let first = 0; first < job.entries.length; first += PART)
    parts.push({ first, entries: job.entries.slice(first, first + PART), isLast: first + PART >= job.entries.length });
  keep(
    list,
    parts,
    (part) => part.first,
    (part) => `${part.isLast} ${opened.get(part.first)} ${Math.max(...part.entries.map((one) => one.touched))}`,
    (part, old) => partOf(job, part, old),
  );
  return true;
}

/** Open the part that has this turn, and return the turn's element. */
export function findTurn(job, step) {
  const at = job.entries.findIndex((one) => one.step === step);
  if (job.entries.length > WHOLE) opened.set(at - (at % PART), true);
  drawRecord(job, Infinity);
  return document.getElementById(`turn-${step}`);
}

function drawEntries(list, job, entries, most) {
  const last = job.entries.at(-1);
  return keep(
    list,
    entries,
    (one) => one.key,
    (one) => `${one.touched}${one === last && !isOver(job.status)}`,
    (one) => (one.calls ? turn(one) : note(one)),
    most,
  );
}

function partOf(job, { first, entries, isLast }, old) {
  const part = old ?? h("li", { class: "part" }, h("details", null, h("summary"), h("ol")));
  const [details] = part.children;
  const [summary, list] = details.children;
  const fill = (isOpen) => {
    if (isOpen) return drawEntries(list, job, entries, Infinity);
    list.replaceChildren();
    list.kept?.clear();
  };
  details.open = opened.get(first) ?? isLast;
  summary.replaceChildren(h("b", null, named(entries)), h("span", { class: "soft" }, ` ${inFigures(entries)}`));
  summary.onclick = () => {
    opened.set(first, !details.open);
    fill(!details.open);
  };
  fill(details.open);
  return part;
}

function named(entries) {
  const steps = entries.filter((one) => one.calls).map((one) => one.step);
  if (!steps.length) return many(entries.length, "note");
  return steps.length === 1 ? t`Turn ${steps[0]}` : t`Turns ${count(steps[0])} to ${count(steps.at(-1))}`;
}

/** What a part holds, with what failed in it. */
function inFigures(entries) {
  const calls = entries.flatMap((one) => one.calls ?? []);
  const done = (kind) => calls.filter((call) => call.kind === kind && call.done).length;
  const failed = calls.reduce((sum, call) => sum + (call.tries ?? 0), 0);
  const pages = done("read");
  return [tries(done("search"), failed), pages && many(pages, "page")].filter(Boolean).join(", ");
}

const since = (at) => `+${lasted(Math.max(0, Date.parse(at) - Date.parse(page.live.createdAt)))}`;
const when = (at) => h("time", { datetime: at, title: date(at) }, since(at));

function note({ title, lines, tone, times, at }) {
  return h(
    "li",
    { class: `entry note ${tone}` },
    h("span", { class: "no", "aria-hidden": "true" }),
    h(
      "div",
      null,
      h("header", null, h("h3", null, title, times > 1 ? `, ${many(times, "time")}` : ""), when(at)),
      lines.length > 1
        ? h(
            "ul",
            { class: "small soft listed" },
            lines.map((line) => h("li", { dir: "auto" }, line)),
          )
        : lines.map((line) => h("p", { class: "small soft", dir: "auto" }, line)),
    ),
  );
}

function turn(one) {
  return h(
    "li",
    { class: "entry", id: one.key },
    h("span", { class: "no", "aria-label": t`Turn ${one.step}` }, one.step),
    h(
      "div",
      null,
      h("header", null, h("h3", { dir: "auto" }, toolInWords(one.tool)), when(one.at)),
      one.reasoning ? thought(one.reasoning) : "",
      h(
        "ul",
        { class: "calls" },
        folded(one.calls).map((calls) => callLine(calls, one)),
      ),
    ),
  );
}

function thought(reasoning) {
  const {
    reasoning_steps: steps,
    enough_data: isEnough,
    current_situation: situation,
    plan_status: status,
  } = reasoning;
  const list = (texts) => texts.map((text) => h("li", { dir: "auto" }, text));
  return [
    h("ul", { class: "thought" }, list(steps)),
    h(
      "p",
      { class: "state-line", dir: "auto" },
      h("b", null, isEnough ? t("Enough is known.") : t("Not enough is known yet.")),
      ` ${situation} ${status}`,
    ),
    reasoning.task_completed
      ? ""
      : h(
          "div",
          { class: "state-line" },
          h("b", null, t("Next:")),
          h("ul", { class: "thought" }, list(reasoning.remaining_steps)),
        ),
  ];
}

/** Calls in order; those that failed for the same reason are one line. */
function folded(calls) {
  const groups = new Map();
  for (const call of calls) {
    const key = call.error ? `${call.kind} ${call.error.error_message}` : call.key + call.index;
    groups.set(key, [...(groups.get(key) ?? []), call]);
  }
  return [...groups.values()];
}

const KINDS = { model: t("Think"), search: t("Search"), read: t("Read"), judge: t("Check"), embed: t("Match") };

function callLine(calls, turn) {
  const [call] = calls;
  const hits = call.kind === "search" ? turn.found.filter((source) => source.found_by === call.key) : [];
  return h(
    "li",
    null,
    h(
      "div",
      { class: `call${call.error ? " bad" : ""}` },
      h("span", { class: "kind" }, KINDS[call.kind] ?? call.kind),
      h("span", { class: "about", dir: "auto" }, call.error ? failure(calls) : about(call, turn)),
      h("span", { class: "cost" }, calls.length > 1 ? call.provider : figures(call)),
    ),
    hits.length ? h("ul", { class: "hits", "aria-label": t("Found") }, hits.map(hit)) : "",
    call.kind === "search" && call.done && !hits.length
      ? h("p", { class: "hits soft" }, t("Nothing that was not known already."))
      : "",
  );
}

const topic = (call) => (call.kind === "model" ? t("the next step") : call.about);

/** "failed 3 times: HTTP 500", and what was tried. */
function failure(calls) {
  const times = calls.reduce((sum, call) => sum + call.tries, 0);
  const often = times === 1 ? t("failed") : t`failed ${many(times, "time")}`;
  return [`${often}: ${calls[0].error.error_message}`, h("span", { class: "tried" }, calls.map(topic).join(", "))];
}

function about(call, turn) {
  const read = call.kind === "read" ? turn.read.find((one) => one.read_by === call.key) : null;
  if (read?.aside) return `[${read.number}] ${read.title || read.url}: ${asideInWords(read.aside)}`;
  return read ? `[${read.number}] ${read.title || read.url}, ${size(read.size)}` : topic(call);
}

const hit = (source) =>
  h(
    "li",
    null,
    h("span", { class: "n" }, `[${source.number}]`),
    h(
      "span",
      null,
      out(source.url, source.title || source.url, { dir: "auto" }),
      h("span", { class: "soft" }, ` ${host(source.url)}`),
    ),
  );
