// How each type of event changes a job.
import {
  cutOff,
  end,
  note,
  OUTCOMES,
  plan,
  round,
  say,
  settle,
  stepsDone,
  stopWait,
  turnIn,
  turnOf,
  wait,
  work,
} from "./fold_parts.js";
import { APPLY_TO_THREADS, growSection } from "./fold_threads.js";
import { toolInWords, waitInWords, writingInWords } from "./fold_words.js";
import { t } from "./language.js";

/**
 * @typedef {import("./fold.js").Job} Job
 * @typedef {import("./fold.js").LogEvent} LogEvent
 */

/** @type {Record<string, (job: Job, data: any, event: LogEvent) => void>} */
export const APPLY = {
  ...APPLY_TO_THREADS,
  job_submitted(job, data, event) {
    job.request = data.request;
    job.attempts = data.max_attempts;
    job.createdAt = event.at;
    job.step = t("Waiting for a worker");
  },
  attempt_started(job, data, event) {
    Object.assign(job, { attempt: data.attempt, worker: data.worker, retryAt: null, step: t("Starting") });
    job.startedAt ??= event.at;
    work(job, event.at);
    const words = data.attempt > 1 ? t`Attempt ${data.attempt} began` : t("A worker took the job");
    const went = job.entries.length > 1 && data.attempt === 1;
    const made = note(job, event, went ? t("A worker went on with the job") : words, t`worker ${data.worker}`);
    made.isResumed = went;
  },
  attempt_failed(job, data, event) {
    cutOff(job, event);
    job.retryAt = data.retry_at;
    job.step = t("Waiting to try again");
    note(job, event, t`Attempt ${data.attempt} failed`, `${data.error_type}: ${data.error_message}`, "bad");
  },
  attempt_released(job, data, event) {
    cutOff(job, event);
    job.attempt -= 1;
    job.retryAt = data.retry_at;
    const waits = data.reason === "provider_unavailable";
    job.step = waits ? waitInWords(data.away) : t("Waiting for a worker");
    if (waits) wait(job, event, false);
    const away = [data.away?.provider, data.away?.error_message].filter(Boolean).join(": ");
    if (waits) note(job, event, t("The provider is away; the job waits"), away, "wait");
    else note(job, event, t("The worker stopped and handed the job back"), "");
  },
  lease_expired(job, data, event) {
    cutOff(job, event);
    job.step = t("Waiting for a worker");
    note(
      job,
      event,
      t`The worker of attempt ${data.attempt} was lost`,
      data.cause === "silent" ? t("It fell silent.") : t("It held the job for too long."),
      "bad",
    );
  },
  input_requested(job, data, event) {
    job.attempt -= 1;
    job.asks = { ...data, seq: event.seq, until: Date.parse(event.at) + data.timeout_seconds * 1000 };
    job.step = t("Waiting for an answer");
    wait(job, event, true);
    note(job, event, data.plan ? t("Its plan waits for a review") : t("It asks what is meant"), data.questions, "warn");
  },
  input_provided(job, data, event) {
    Object.assign(job, { asks: null, answers: data.answers, workingSince: event.at, step: t("Waiting for a worker") });
    stopWait(job, event.at);
    note(
      job,
      event,
      data.assumed ? t("Not answered; the job continues with its assumptions") : t("Answered"),
      data.answers,
    );
  },
  cancel_requested(job, data, event) {
    job.step = t("Cancelling");
    note(job, event, t("Somebody asked it to stop"), data.reason, "warn");
  },
  finish_requested(job, _data, event) {
    job.retryAt = null;
    job.isFinishing = true;
    if (job.status === "running") job.step = t("Finishing with what there is");
    note(job, event, t("Somebody asked for the report now"), "");
  },
  job_cancelled(job, _data, event) {
    end(job, event, t("Cancelled"));
    note(job, event, t("Cancelled"), t("Nothing was spent after this."), "warn");
  },
  job_completed(job, data, event) {
    job.stopReason = data.stop_reason;
    job.outcome = data.outcome ?? null;
    const words = OUTCOMES[job.outcome ?? ""];
    end(job, event, words ?? t("Done"));
    note(job, event, words ?? t("Completed"), "", words ? "warn" : "good");
  },
  job_failed(job, data, event) {
    job.failure = data;
    end(job, event, t("Failed"));
    note(job, event, t("Failed"), `${data.error_type}: ${data.error_message}`, "bad");
  },
  call_requested(job, data, event) {
    const step = Number(data.key.split("/")[0]);
    const call = {
      ...data,
      turn: step,
      index: job.calls.length,
      from: Date.parse(event.at),
      to: null,
      latency: null,
      usage: {},
      error: null,
      done: false,
      touched: event.seq,
    };
    if (data.kind === "model") say(job, t("Thinking about the next step"));
    if (data.kind === "judge" && !data.fallback) say(job, t("Checking claims against their quotes"));
    if (data.kind === "embed" && !data.fallback) say(job, t("Searching pages by embedding for claims without a quote"));
    if (data.repeat) job.bill.repeated += 1;
    job.calls.push(call);
    job.open.set(data.key, call);
    const turn = turnOf(job, step, event);
    turn.calls.push(call);
    turn.touched = event.seq;
  },
  call_progressed(job, data, event) {
    say(job, writingInWords(data));
    const call = job.open.get(data.key);
    if (!call) return;
    Object.assign(call, { state: data.state, tokens: data.tokens, touched: event.seq });
    if (data.said !== undefined) growSection(job, data, event);
    turnOf(job, call.turn, event).touched = event.seq;
  },
  call_completed(job, data, event) {
    settle(job, data, event, (call) => Object.assign(call, { done: true, error: null, latency: data.latency_ms }));
  },
  call_failed(job, data, event) {
    say(job, t`A ${data.key.split("/")[1]} call failed: ${data.error_message}`);
    settle(job, data, event, (call) => Object.assign(call, { error: data, tries: (call.tries ?? 0) + 1 }));
  },
  step_reasoned(job, data, event) {
    const turn = turnOf(job, data.step, event);
    const thought = turn.calls.findLast((call) => call.kind === "model");
    job.author = thought?.fallback ? "stand_in" : thought?.provider === "extractive" ? "extractive" : "model";
    Object.assign(turn, { reasoning: data.reasoning, tool: data.function, touched: event.seq, at: event.at });
    job.stepsDone = stepsDone(job, data.reasoning);
    if (data.function?.tool === "write_report") job.draft = drafted(data.function, event);
    say(job, toolInWords(data.function));
  },
  plan_drafted(job, data, event) {
    plan(job, { ...data, changes: [], reason: "" }, event);
  },
  plan_adapted(job, data, event) {
    plan(job, data, event);
  },
  plan_reviewed(job, data, event) {
    job.plan = data.steps;
    note(job, event, t("Somebody reviewed the plan"), [...data.steps, ...(data.remarks ?? [])]);
    job.stepsDone = 0;
  },
  source_found(job, data, event) {
    job.sources.set(data.number, { ...data, size: null, aside: null, seq: event.seq, touched: event.seq });
    const turn = turnOf(job, turnIn(job, data.found_by), event);
    turn.found.push(data);
    turn.touched = event.seq;
  },
  page_read(job, data, event) {
    const source = job.sources.get(data.number);
    if (source) Object.assign(source, { size: data.size, touched: event.seq });
    const turn = turnOf(job, turnIn(job, data.read_by), event);
    turn.read.push({ ...data, title: source?.title ?? "", url: source?.url ?? "" });
    turn.touched = event.seq;
  },
  page_set_aside(job, data, event) {
    const source = job.sources.get(data.number);
    if (source) Object.assign(source, { aside: data, touched: event.seq });
    const turn = turnOf(job, turnIn(job, data.read_by), event);
    turn.read.push({ ...data, aside: data, title: source?.title ?? "", url: source?.url ?? "" });
    turn.touched = event.seq;
  },
  budget_reached(job, data, event) {
    job.tripped ??= data;
    say(job, t`A limit was reached (${data.limit}); writing the report`);
    note(
      job,
      event,
      t("A limit was reached; only the report follows"),
      t`${data.limit}: ${round(data.used)} of ${round(data.allowed)} used`,
      "warn",
    );
  },
  report_written(job, data) {
    job.report = data;
    job.draft = null;
    if (data.parts?.length === 1) job.author = data.parts[0].author;
    say(job, t("Checking the citations"));
  },
  job_forked(job, data, event) {
    job.forkedFrom = { origin: data.origin, after: data.after };
    job.instruction = data.instruction ?? "";
    job.changed = data.changed ?? [];
    const kept = data.reused_calls ? t`${data.reused_calls} calls of it were not made again.` : "";
    note(job, event, t`It begins where another job was after event ${data.after}`, [job.instruction, kept]);
  },
};

/**
 * A report that is written at once has one section.
 * @param {{ title: string, content: string }} function
 * @param {LogEvent} event
 */
function drafted({ title, content }, { seq }) {
  const section = { number: 0, heading: "", points: "", content, growing: "", problem: "", touched: seq };
  return { title, seq, sections: [section] };
}
