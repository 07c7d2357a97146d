// The plan with what is done of it, and the budget.
import { $, h, keep, say } from "./dom.js";
import { callsMade } from "./fold.js";
import { t } from "./language.js";
import { moment, page } from "./run_state.js";
import { atLeast, count, few, lasted, many, money } from "./words.js";

export function drawPlan(job) {
  const box = $("plan"),
    version = `${job.plans.length}.${job.plans.at(-1)?.seq ?? 0}.${job.stepsDone}.${job.plan.length}`;
  if (box.dataset.version === version) return;
  box.dataset.version = version;
  if (!job.plans.length) return box.replaceChildren(h("p", { class: "soft" }, t("No plan yet.")));
  box.replaceChildren(
    h("p", { class: "plan-goal", dir: "auto" }, job.goal),
    h(
      "ol",
      { class: "plan" },
      job.plan.map((text, at) => step(text, at < job.stepsDone)),
    ),
    job.stepsDone
      ? h("p", { class: "hint" }, t`${job.stepsDone} of ${job.plan.length} done, by the agent’s own count.`)
      : "",
    changed(job),
  );
}

const step = (text, isDone) =>
  h(
    "li",
    { class: isDone ? "done" : null, dir: "auto" },
    h("span", null, text, isDone ? h("span", { class: "unseen" }, t(" (done)")) : ""),
  );

function changed(job) {
  const [first, ...later] = job.plans;
  if (!later.length) return "";
  const gone = new Set([first, ...later.slice(0, -1)].flatMap((plan) => plan.steps));
  for (const text of job.plan) gone.delete(text);
  const list = (texts, props = {}) =>
    h(
      "ul",
      props,
      [...texts].map((text) => h("li", { dir: "auto" }, text)),
    );
  return h(
    "details",
    { class: "changes", open: true },
    h("summary", null, t`Changed ${later.length === 1 ? t("once") : many(later.length, "time")}`),
    later.map((plan) => [list(plan.changes), h("p", { class: "soft", dir: "auto" }, t`Why: ${plan.reason}`)]),
    gone.size ? list(gone, { class: "gone", "aria-label": t("No longer planned") }) : "",
  );
}

/** How long it worked; waiting for a provider or a person is free. */
function worked(job) {
  const last = job.waits.at(-1);
  const waits = last && (last.to === null || job.endedAt === new Date(last.to).toISOString());
  const until = waits ? last.from : job.endedAt ? Date.parse(job.endedAt) : moment();
  return job.workingSince ? Math.max(0, until - Date.parse(job.workingSince)) : 0;
}

/** Name, what is used, its limit, how both are written, and whether a part is kept for the report. */
function lines(job) {
  const { request } = page.live,
    { bill } = job;
  const limits = request.limits ?? {},
    most = page.presets.find((one) => one.effort === (request.effort ?? "standard")) ?? {};
  const cost = (usd) => (usd === bill.cost ? atLeast(usd, bill.unpriced) : money(usd));
  return [
    [t("Calls"), callsMade(bill), limits.max_calls ?? most.calls, count],
    [t("Searches"), bill.search, limits.max_searches ?? most.searches, count],
    [t("Pages"), bill.read, most.pages, count],
    [t("Time"), worked(job), (limits.deadline_seconds ?? most.seconds) * 1000 || undefined, lasted, true],
    [t("Tokens"), bill.input + bill.output, limits.max_tokens, few, true],
    [t("Cost"), bill.cost, limits.max_cost_usd, cost, true],
    ...(bill.unpriced ? [[t("Calls of unknown cost"), bill.unpriced, undefined, count]] : []),
    ...(bill.failed ? [[t("Failed tries"), bill.failed, undefined, count]] : []),
  ];
}

/** "3 of 9"; what went over its limit is not a part of it. */
function limited(used, all, words) {
  if (all === undefined) return "";
  return used > all ? t`, over the limit of ${words(all)}` : t` of ${words(all)}`;
}

export function drawBudget(job) {
  keep(
    $("budget"),
    lines(job),
    (line) => line[0],
    ([, used, all, words]) => `${words(used)} ${all}`,
    ([name, used, all, words, kept], old) => {
      const one =
        old ??
        h(
          "div",
          null,
          h("dt", null, name),
          h("dd", null, h("b"), h("span")),
          h("dd", { class: `bar${kept ? " kept" : ""}`, "aria-hidden": "true" }),
        );
      const [, figure, bar] = one.children;
      say(figure.firstChild, words(used));
      say(figure.lastChild, limited(used, all, words));
      bar.hidden = all === undefined;
      if (all) bar.style.setProperty("--share", Math.min(1, used / all));
      bar.classList.toggle("full", Boolean(all) && used >= all);
      return one;
    },
  );
}
