// Go on from a job: a follow-up question under its report, or a fork at any of its events.
import { api, Problem, told } from "./api.js";
import { h, say } from "./dom.js";
import { t } from "./language.js";
import { at } from "./root.js";
import { EFFORTS, many } from "./words.js";

const efforts = (effort) =>
  h(
    "select",
    { name: "effort", "aria-label": t("Effort") },
    Object.entries(EFFORTS).map(([name, words]) => h("option", { value: name, selected: name === effort }, words)),
  );

/** A form that makes a fork and goes there; `body` is made of what was filled in. */
function forking(id, fields, verb, body) {
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const button = h("button", { class: "main" }, verb);
  const form = h("form", { novalidate: true }, ...fields, wrong);
  let key = crypto.randomUUID(); // a lost answer or a double click forks once
  form.addEventListener("input", () => {
    key = crypto.randomUUID();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.hidden = true;
    button.disabled = true;
    try {
      const created = await api.fork(id, body(new FormData(form)), key);
      location.href = at(`/browse/jobs/${created.job_id}`);
    } catch (error) {
      button.disabled = false;
      wrong.hidden = false;
      say(wrong, whatIsWrong(error));
      form.querySelector("textarea").focus();
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(button);
  });
  return { form, button };
}

/** What the API refuses, field by field. */
const whatIsWrong = (error) =>
  (error instanceof Problem && error.errors.map((one) => one.message).join(" ")) || told(error);

const text = (given, name) => String(given.get(name) ?? "").trim();

/** The follow-up box of a job that is over. */
export function askOn(view) {
  const field = h("textarea", { id: "further", name: "instruction", rows: 2, maxlength: 4000, dir: "auto" });
  const { form, button } = forking(
    view.job_id,
    [h("label", { for: "further" }, t("Ask on")), field],
    t("Ask"),
    (given) => {
      const instruction = text(given, "instruction");
      if (!instruction) throw new Error(t("Write what you want to know beyond this."));
      return {
        changes: { instruction, ...(text(given, "effort") !== view.effort && { effort: text(given, "effort") }) },
      };
    },
  );
  form.append(
    h(
      "div",
      { class: "send" },
      efforts(view.effort),
      button,
      h("span", { class: "hint" }, t("The pages that were read are kept, and cost nothing again.")),
    ),
  );
  return form;
}

/** Ask in a dialog how a fork after the last event of `run` differs from its origin. */
export function forkHere(id, run, effort) {
  const dialog = h("dialog", { class: "forking", "aria-labelledby": "fork-title" });
  const { form, button } = forking(
    id,
    [
      field(t("What to do differently"), "instruction", t("a further question or an order; empty: the same question")),
      h("div", { class: "two" }, labelled(t("Effort"), efforts(effort)), cost()),
    ],
    t("Fork"),
    (given) => {
      const usd = text(given, "max_cost_usd"),
        changes = /** @type {Record<string, any>} */ ({});
      if (text(given, "instruction")) changes.instruction = text(given, "instruction");
      if (text(given, "effort") !== effort) changes.effort = text(given, "effort");
      if (usd) changes.limits = { max_cost_usd: Number.isNaN(Number(usd)) ? usd : Number(usd) };
      return { after: run.seq, changes };
    },
  );
  const close = h("button", { type: "button", onclick: () => dialog.close() }, t("Cancel"));
  form.append(h("div", { class: "acts" }, close, button));
  dialog.append(
    h("h2", { id: "fork-title" }, t`Fork after event ${run.seq}`),
    h("p", { class: "soft" }, kept(run)),
    form,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector("textarea").focus();
}

/** What the fork has from its origin. */
function kept(run) {
  const read = [...run.sources.values()].filter((source) => source.size !== null).length;
  const parts = [
    many(run.turns.size, "turn"),
    many(run.sources.size, "source"),
    many(read, "page that was read", "pages that were read"),
  ];
  return t`Kept at no cost: ${parts.join(", ")}. What came after this event is done again.`;
}

const labelled = (words, control) => h("label", { class: "field" }, words, control);
const field = (words, name, hint) =>
  h(
    "label",
    { class: "field" },
    h("span", null, words, " ", h("span", { class: "hint" }, hint)),
    h("textarea", { name, rows: 2, maxlength: 4000, dir: "auto" }),
  );
const cost = () =>
  h(
    "label",
    { class: "field" },
    t("Cost, US dollars"),
    h("input", { name: "max_cost_usd", inputmode: "decimal", placeholder: t("as before") }),
  );
