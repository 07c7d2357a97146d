// What is around each view: theme, language, time zone and keys.
import { $, h, say } from "./dom.js";
import { language, t } from "./language.js";
import { at } from "./root.js";

const root = document.documentElement;

/** Keep a choice on this machine; without storage it holds for this page alone. */
function keepChoice(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    /* not kept */
  }
}

function chosen(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

const THEMES = { system: ["◐", t("Auto")], light: ["○", t("Light")], dark: ["●", t("Dark")] };

function showTheme() {
  const [sign, word] = THEMES[root.dataset.theme ?? "system"];
  say($("theme"), `${sign} ${word}`);
  $("theme").setAttribute("aria-label", t`${sign} ${word} theme, change it`);
}

function changeTheme() {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(root.dataset.theme ?? "system") + 1) % names.length];
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  keepChoice("theme", next);
  showTheme();
}

/** A language is offered under its own name. */
function offerLanguages() {
  const names = (root.dataset.languages ?? "").split(" ");
  $("spoken").append(
    ...names.map((code) =>
      h(
        "option",
        { value: code, lang: code, selected: code === language },
        new Intl.DisplayNames([code], { type: "language" }).of(code),
      ),
    ),
  );
  $("spoken").addEventListener("change", () => {
    keepChoice("language", $("spoken").value);
    location.reload();
  });
}

function nameZone() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const offset = new Intl.DateTimeFormat(language, { timeZoneName: "shortOffset" })
    .formatToParts(new Date())
    .find((part) => part.type === "timeZoneName");
  say($("zone"), t`Times: ${timeZone} (${offset?.value})`);
}

/** @type {Record<string, [string, () => void]>} */
const KEYS = {
  "/": [t("Search, or write the question"), () => focusOn("#q, #query, #further")],
  a: [t("Ask a question"), () => go("/")],
  j: [t("Jobs"), () => go("/browse/jobs")],
  d: [t("Documents"), () => go("/browse/documents")],
  o: [t("Overview"), () => go("/overview")],
  p: [t("Operations"), () => go("/browse/operations")],
  r: [t("The report of this job, and back"), () => press("#acts a[href$='/report'], .crumb a[href*='/browse/jobs/']")],
  f: [t("Fork this job from here"), () => press("#fork-here")],
  t: [t("Light or dark"), () => press("#theme")],
  "?": [t("This list"), showKeys],
};

const go = (/** @type {string} */ path) => location.assign(at(path));
const press = (/** @type {string} */ selector) => /** @type {any} */ (document.querySelector(selector))?.click();
const focusOn = (/** @type {string} */ selector) => /** @type {any} */ (document.querySelector(selector))?.focus();

function showKeys() {
  const switched = h("input", { type: "checkbox", checked: chosen("keys") !== "off" });
  const dialog = h(
    "dialog",
    { class: "keys", "aria-labelledby": "keys-title" },
    h("h2", { id: "keys-title" }, t("Keyboard shortcuts")),
    h(
      "dl",
      null,
      Object.entries(KEYS).map(([key, [words]]) => [h("dt", null, h("kbd", null, key)), h("dd", null, words)]),
      h("dt", null, h("kbd", null, t("Ctrl ↵"))),
      h("dd", null, t("Send what is written")),
    ),
    h("label", { class: "check" }, switched, t("Single keys work")),
    h("form", { method: "dialog", class: "acts" }, h("button", { autofocus: true }, t("Close"))),
  );
  switched.addEventListener("change", () => keepChoice("keys", switched.checked ? "on" : "off"));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Single keys work where nobody writes and no dialog is open; they can be switched off. */
function heed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog, #swagger")) return;
  if (document.querySelector("dialog[open]") || chosen("keys") === "off") return;
  const [, act] = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : [];
  if (!act) return;
  event.preventDefault();
  act();
}

showTheme();
$("theme").hidden = false;
$("theme").addEventListener("click", changeTheme);
offerLanguages();
nameZone();
$("keys").addEventListener("click", showKeys);
$("foot").hidden = false;
addEventListener("keydown", heed);
