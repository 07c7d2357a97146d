// A list of jobs that keeps itself up to date.
import { again, api, Problem, told as wordsOf } from "./api.js";
import { complain, confirmed, h, keep, say, state, stateName, tell } from "./dom.js";
import { isOver } from "./fold.js";
import { t } from "./language.js";
import { shelf, star } from "./marking.js";
import { at } from "./root.js";
import { ago, atLeast, date, EFFORTS, many, tries } from "./words.js";

const EMPTY = new Set(["not_found", "not_researched"]);

/** What a job asks: of a follow-up, its own question. */
export const titleOf = (job) => job.forked_from?.instruction || job.query;

export async function cancelRun(id, changed) {
  const sure = await confirmed(
    t("Cancel this job?"),
    t("It stops at once. What it has spent stays spent, and there will be no report."),
    t("Cancel the job"),
    t("Keep it running"),
  );
  if (!sure) return;
  try {
    tell((await api.cancel(id)).message, true);
  } catch (error) {
    complain(wordsOf(error));
  }
  changed();
}

export async function askAgain(view) {
  try {
    location.href = at(`/browse/jobs/${(await again(view)).job_id}`);
  } catch (error) {
    complain(wordsOf(error));
  }
}

function action(job, changed) {
  if (!isOver(job.status))
    return h(
      "button",
      {
        type: "button",
        class: "slim",
        "aria-label": t`Cancel: ${titleOf(job).slice(0, 80)}`,
        disabled: job.status === "cancelling",
        onclick: () => cancelRun(job.job_id, changed),
      },
      t("Cancel"),
    );
  if (job.status === "completed")
    return h(
      "a",
      {
        class: "button slim",
        href: `/browse/jobs/${job.job_id}/report`,
        "aria-label": t`Report: ${titleOf(job).slice(0, 80)}`,
      },
      t("Report"),
    );
  return h(
    "button",
    {
      type: "button",
      class: "slim",
      "aria-label": t`Try again: ${titleOf(job).slice(0, 80)}`,
      onclick: () => askAgain(job),
    },
    t("Try again"),
  );
}

/** The line under the question: the effort, what was or is done, and failed tries apart. */
function told({ effort, status, current_step: step, usage, forked_from: from, query }) {
  const done = tries(usage.searches, usage.failed_tries);
  const origin = from && (from.instruction ? t`follows “${query}”` : t`fork after event ${from.after}`);
  const how = EFFORTS[effort];
  const parts = isOver(status) ? [how, done, origin] : [how, step, usage.failed_tries && done, origin];
  return parts.filter(Boolean).join(" · ");
}

/** One job as a row. An older element is changed in place, so that focus and selection stay. */
function row(job, old, changed, marks) {
  const one =
    old ??
    h(
      "li",
      { class: "row" },
      h(
        "div",
        { class: "what" },
        h("a", { href: `/browse/jobs/${job.job_id}`, dir: "auto" }, titleOf(job)),
        h("p", { class: "sub" }),
      ),
      h("div", { class: "status" }),
      h("div", { class: "far" }, h("span", { class: "bar", share: 0 }), h("span", { class: "num" })),
      h("div", { class: "num cost" }),
      h("div", { class: "num age" }),
      h("div", { class: "act" }),
    );
  const [what, status, far, cost, age, act] = one.children;
  const sub = what.querySelector(".sub");
  const mark = marks?.get(job.job_id);
  if (marks) drawMark(what, job, mark, changed);
  sub.replaceChildren(
    h("span", null, told(job)),
    ...job.tags.flatMap((tag) => [" ", h("span", { class: "tag" }, tag)]),
    ...(mark?.collections ?? []).flatMap((name) => [" ", shelf(name)]),
  );
  if (one.dataset.status !== job.status) {
    one.dataset.status = job.status;
    status.replaceChildren(state(job.status, job.outcome));
    const had = act.contains(document.activeElement);
    act.replaceChildren(action(job, changed));
    if (had) act.firstElementChild.focus();
  }
  far.firstElementChild.style.setProperty("--share", job.progress / 100);
  // Green is for what goes on or was answered.
  const isVain = ["failed", "cancelled"].includes(job.status) || EMPTY.has(job.outcome);
  far.firstElementChild.classList.toggle("spent", isVain);
  say(far.lastElementChild, `${job.progress} %`);
  say(cost, atLeast(job.usage.known_cost_usd, job.usage.unknown_cost_calls));
  const unknown = many(job.usage.unknown_cost_calls, "call has", "calls have");
  cost.title = job.usage.unknown_cost_calls ? t`${unknown} no known price` : "";
  age.title = date(job.created_at);
  say(age, ago(job.created_at));
  return one;
}

/** The star before the question, and the note below. */
function drawMark(what, job, mark, changed) {
  const old = what.querySelector(".star");
  const drawn = star(job.job_id, mark, titleOf(job), changed);
  const had = old && old === document.activeElement;
  if (old) old.replaceWith(drawn);
  else what.prepend(drawn);
  if (had) drawn.focus();
  what.querySelector(".noted")?.remove();
  if (mark?.note) what.append(h("p", { class: "sub noted", dir: "auto" }, mark.note.slice(0, 300)));
}

/** Draw `jobs` into `list`, with their `marks` where there is room for them. */
export function drawRows(list, jobs, changed, marks) {
  keep(
    list,
    jobs,
    (job) => job.job_id,
    (job) => `${job.seq} ${job.status} ${ago(job.created_at)} ${marks?.get(job.job_id)?.changed_at}`,
    (job, old) => row(job, old, changed, marks),
  );
}

export const isMoving = (jobs) => jobs.some((job) => !isOver(job.status));

/** Ask for a page of jobs again and again while somebody looks. */
export function poll(search, show, failed) {
  let timer = 0,
    turn = 0,
    last = new Map();
  const run = async () => {
    clearTimeout(timer);
    const mine = ++turn;
    let pause = 5000;
    try {
      const page = await api.jobs(search());
      if (mine !== turn) return; // another page was requested since
      show(page);
      announce(page.jobs);
      if (isMoving(page.jobs)) pause = 1500;
    } catch (error) {
      if (mine !== turn) return;
      failed(error);
      if (error instanceof Problem && error.status < 500 && error.status !== 429) return;
    }
    if (!document.hidden) timer = setTimeout(run, pause);
  };
  const announce = (jobs) => {
    const ended = jobs.filter((job) => isOver(job.status) && last.has(job.job_id) && !isOver(last.get(job.job_id)));
    last = new Map(jobs.map((job) => [job.job_id, job.status]));
    if (ended.length)
      tell(ended.map((job) => `${stateName(job.status, job.outcome)}: ${titleOf(job).slice(0, 80)}`).join(". "));
  };
  document.addEventListener("visibilitychange", () => !document.hidden && run());
  run();
  return run;
}
