// The head of a job: what is asked, how it is, what can be done with it.
import { api, told } from "./api.js";
import { $, complain, h, say, state, stateName } from "./dom.js";
import { isOver } from "./fold.js";
import { t } from "./language.js";
import { askOnce, canAsk } from "./notice.js";
import { askAgain, cancelRun } from "./rows.js";
import { id, moment, outcomeOf, page, question } from "./run_state.js";
import { ago, at as clock, date, EFFORTS, lasted, many, tries, WRITTEN, whyStopped, workDone } from "./words.js";

let drawn = "";

/** Draw the head again, although the job did not change. */
export function forgetHead() {
  drawn = "";
}

export function drawHead(run) {
  const { live } = page;
  say($("question"), question());
  drawOrigin(live);
  const far = isOver(live.status) ? stateName(live.status, outcomeOf(live)) : `${live.progress} %`;
  document.title = t`${far} · ${question().slice(0, 60)} · Dossier`;
  const key = [page.came?.outcome, run.seq, live.seq, Math.floor(Date.now() / 1000)].join();
  if (drawn === key) return;
  drawn = key;
  $("facts").replaceChildren(...facts(run).filter(Boolean));
  say($("step"), isOver(run.status) ? ended(run) : run.step + retryIn(run));
  $("then").hidden = !page.past;
  if (page.past)
    say($("then-words"), t`This is the job as it was at event ${run.seq} of ${live.seq}, at ${clock(run.at)}.`);
  drawNotice(run);
  drawActs();
}

/** Of a fork: what it follows or branches off from. */
function drawOrigin({ forkedFrom: from, instruction, request, changed }) {
  const box = $("follows");
  box.hidden = !from;
  if (!from || box.firstChild) return;
  const origin = h("a", { href: `/browse/jobs/${from.origin}`, dir: "auto" }, request.query);
  const fields = changed.length ? t`, with another ${changed.map((name) => name.replaceAll("_", " ")).join(", ")}` : "";
  box.append(
    ...(instruction
      ? [t("Follows: "), origin, fields]
      : [t("Branches off from "), origin, t` after event ${from.after}${fields}`]),
  );
}

function facts(run) {
  const { request, createdAt, attempts } = page.live;
  const asked = ago(createdAt);
  return [
    state(run.status, outcomeOf(run)),
    !isOver(run.status) && h("span", { class: "num" }, `${run.progress} %`),
    h("span", null, EFFORTS[request.effort ?? "standard"]),
    h(
      "time",
      { datetime: createdAt, title: date(createdAt) },
      asked === t("now") ? t("asked now") : t`asked ${asked} ago`,
    ),
    run.startedAt && run.endedAt && h("span", null, took(run)),
    (run.bill.search || run.bill.failed) && h("span", null, tries(run.bill.search, run.bill.failed)),
    run.attempt > 1 && h("span", null, t`attempt ${run.attempt} of ${attempts}`),
    ...(request.tags ?? []).map((tag) => h("span", { class: "tag" }, tag)),
  ];
}

/** How long it took, and what of that it only waited. */
function took(run) {
  const from = Date.parse(run.startedAt),
    to = Date.parse(run.endedAt);
  const waited = run.waits.reduce((sum, wait) => sum + (wait.to ?? to) - Math.max(wait.from, from), 0);
  const all = lasted(to - from);
  return waited > 1000 ? t`took ${all}, of which it waited ${lasted(waited)}` : t`took ${all}`;
}

/** Why it ended, and what was done: the server's words where it has them. */
function ended(run) {
  if (!run.stopReason) return "";
  const wasRead = [...run.sources.values()].some((source) => source.size !== null);
  const hasClaims = Boolean(run.report?.claims.length);
  const why = whyStopped(run.stopReason, { hasClaims, wasRead, outcome: outcomeOf(run) });
  const done = run.seq === page.live.seq && page.came?.result?.outcome_reason;
  return [why, wasRead && WRITTEN[run.author], done && workDone(done)].filter(Boolean).join(" ");
}

const retryIn = (run) =>
  run.retryAt && !run.asks ? t`; again in ${lasted(Math.max(0, Date.parse(run.retryAt) - moment()))}` : "";

function drawNotice(run) {
  const box = $("notice");
  box.hidden = run.status !== "failed";
  if (box.hidden) return;
  const done = run.seq === page.live.seq && page.came?.error?.outcome_reason;
  const { error_type: type, error_message: message, is_retryable: again } = run.failure;
  box.className = "notice bad";
  box.replaceChildren(
    h("h2", null, t("The job failed")),
    h("p", null, message),
    done ? h("p", null, t`Before that: ${workDone(done)}`) : "",
    h(
      "p",
      { class: "small" },
      `${type}. ${again ? t("A new job may succeed.") : t("Retrying won’t help until this is fixed.")}`,
    ),
  );
}

const button = (words, onclick, props = {}) => h("button", { type: "button", onclick, ...props }, words);

function drawActs() {
  const acts = $("acts"),
    { live } = page;
  const drawnFor = `${live.status} ${live.isFinishing}`;
  if (acts.dataset.status === drawnFor) return;
  acts.dataset.status = drawnFor;
  const had = acts.contains(document.activeElement);
  acts.replaceChildren(...(isOver(live.status) ? afterwards(live) : meanwhile(live)).filter(Boolean));
  if (had) acts.firstElementChild?.focus();
}

function afterwards(live) {
  const again = (words, props) => button(words, async () => askAgain(await api.job(id)), props);
  const compare = h("a", { class: "button quiet", href: `/compare?a=${id}` }, t("Compare"));
  if (live.status !== "completed") return [again(t("Try again"), { class: "main" }), compare];
  const report = h("a", { class: "button main", href: `/browse/jobs/${id}/report` }, t("Read the report"));
  return [report, again(t("Ask again")), compare];
}

function meanwhile(live) {
  const isStopping = live.status === "cancelling";
  const finish = async (event) => {
    event.target.disabled = true;
    try {
      await api.finish(id);
    } catch (error) {
      event.target.disabled = false;
      complain(told(error));
    }
  };
  return [
    canAsk() &&
      button(t("Tell me when it ends"), async (event) => {
        await askOnce();
        event.target.remove();
      }),
    button(t("Finish now"), finish, {
      disabled: isStopping || live.isFinishing,
      title: t("The report is written at once, from the pages that were read"),
    }),
    button(t("Cancel"), () => cancelRun(id, () => {}), {
      disabled: isStopping,
    }),
  ];
}

/** The first words of the report, without its marks; the report itself is a page of its own. */
export function drawAnswer(run) {
  const box = $("answer"),
    report = run.report;
  box.hidden = !report || run.status !== "completed";
  if (box.hidden || box.dataset.seq === String(run.seq)) return;
  box.dataset.seq = run.seq;
  const first =
    report.content.split(/\n\s*\n/).find((text) => text.trim() && !/^\s*(#|\||[-*] )/.test(text)) ?? report.title;
  const words = first.replace(/\\([\\`*_[\]<>&|~#])/g, "$1").replace(/[*_`]{1,2}(\S.*?\S|\S)[*_`]{1,2}/g, "$1");
  box.replaceChildren(
    h("p", { dir: "auto" }, words.length > 600 ? `${words.slice(0, 600)} …` : words),
    h(
      "p",
      { class: "hint" },
      report.claims.length ? t`${many(report.claims.length, "citation")}, each with its quote. ` : "",
      h("a", { href: `/browse/jobs/${id}/report` }, t("The whole report")),
    ),
  );
}
