// The question, its effort, its bounds; what the API refuses is said at the field it names.
import { api, Problem } from "./api.js";
import { $, h, say } from "./dom.js";
import { t } from "./language.js";
import { estimate, showOffer } from "./offer.js";
import { at } from "./root.js";
import { drawRows, poll } from "./rows.js";
import { count, lasted, many, money } from "./words.js";

const form = $("form");
let key = crypto.randomUUID(); // the same until it is accepted: a lost answer or a double click asks once

function words(one) {
  const most = t`Up to ${count(one.calls)} calls and ${many(one.seconds / 60, "minute")}.`;
  if (!one.typical) return t`${most} The cost depends on the model; no past jobs to estimate from.`;
  const { calls, seconds, cost_usd: cost } = one.typical;
  const price = cost === null ? t("of unknown cost") : money(cost);
  return t`${most} Usually ${many(Math.round(calls), "call")}, ${lasted(seconds * 1000)}, ${price}.`;
}

async function efforts() {
  try {
    for (const one of (await api.overview()).efforts) {
      say($(`effort-${one.effort}`), words(one));
      if (one.typical)
        $(`effort-${one.effort}`).title = t`The median of ${many(one.typical.jobs, "job")} of the last 14 days`;
    }
  } catch {
    /* the choice is shown without its figures */
  }
}

const list = (text) => text.split(/[,\s]+/).filter(Boolean);
const lines = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
const figure = (text) => (text.trim() === "" ? undefined : Number.isNaN(Number(text)) ? text.trim() : Number(text));

function request() {
  const given = new FormData(form),
    text = (name) => String(given.get(name) ?? "");
  const limits = {};
  for (const name of ["max_cost_usd", "max_tokens", "max_searches", "max_calls", "deadline_seconds"])
    if (figure(text(`limits.${name}`)) !== undefined) limits[name] = figure(text(`limits.${name}`));
  const sources = {};
  if (text("sources.search")) sources.search = text("sources.search");
  for (const name of ["allowed_domains", "blocked_domains"])
    if (list(text(`sources.${name}`)).length) sources[name] = list(text(`sources.${name}`));
  for (const name of ["published_after", "published_before", "language", "region"])
    if (text(`sources.${name}`).trim()) sources[name] = text(`sources.${name}`).trim();
  const collections = text("sources.collections")
    .split(",")
    .map((name) => name.trim());
  if (collections.some(Boolean)) sources.collections = collections.filter(Boolean);
  return {
    query: text("query"),
    effort: text("effort"),
    clarify: given.has("clarify"),
    plan_review: given.has("plan_review"),
    limits,
    sources,
    tags: text("tags")
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean),
    priority: figure(text("priority")) ?? 0,
    instructions: text("instructions").trim(),
    model: text("model").trim() || undefined,
    language: text("language").trim() || undefined,
    length: figure(text("length")),
    outline: lines(text("outline")),
  };
}

function clear() {
  for (const wrong of form.querySelectorAll(".wrong")) wrong.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  $("problem").hidden = true;
}

/** The message at its field. Returns the field's input, or null where the page has none. */
function mark({ field, message }) {
  const name = field.replace(/\[\d+\]$/, "");
  const input = [...form.elements].find((element) => element.name === name);
  if (!input) return null;
  const id = `wrong-${name}`;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", id);
  (form.querySelector(`[data-field="${CSS.escape(name)}"]`) ?? input.closest(".field")).append(
    h("p", { class: "wrong", id }, message),
  );
  const more = input.closest("details");
  if (more) more.open = true;
  return input;
}

function refuse(error) {
  const named = error.errors ?? [];
  const first = named.map(mark).find(Boolean);
  if (first) return first.focus();
  const box = $("problem");
  box.replaceChildren(
    h("h2", null, error.title || t("That did not work")),
    h("p", null, named.length ? named.map((one) => `${one.field}: ${one.message}`).join(" ") : error.message),
  );
  box.hidden = false;
  box.focus();
}

async function send(event) {
  event?.preventDefault();
  clear();
  $("send").disabled = true;
  try {
    const created = await api.submit(request(), key);
    location.href = at(`/browse/jobs/${created.job_id}`);
  } catch (error) {
    if (error instanceof Problem && error.status < 500) key = crypto.randomUUID();
    $("send").disabled = false;
    refuse(error);
  }
}

form.addEventListener("submit", send);
form.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && send());
form.addEventListener("input", (event) => {
  key = crypto.randomUUID();
  if (event.target.getAttribute("aria-invalid")) {
    event.target.removeAttribute("aria-invalid");
    document.getElementById(event.target.getAttribute("aria-describedby"))?.remove();
  }
});
addEventListener("pageshow", () => {
  $("send").disabled = false;
});

const again = poll(
  () => "limit=5",
  (page) => {
    $("lately-section").hidden = !page.jobs.length;
    drawRows($("rows"), page.jobs, () => again());
  },
  () => {},
);
let later = 0;
function estimateSoon() {
  clearTimeout(later);
  later = setTimeout(() => estimate(request()), 500);
}
form.addEventListener("input", estimateSoon);
const asked = new URLSearchParams(location.search);
form.elements.query.value ||= asked.get("q")?.slice(0, 4000) ?? "";
if (["quick", "standard", "deep"].includes(asked.get("effort") ?? "")) form.elements.effort.value = asked.get("effort");
efforts();
showOffer();
estimateSoon();
