// Parts of the fold that several events share.
import { charge } from "./fold_bill.js";
import { t } from "./language.js";

const MAX_WORDS = 200; // characters of the sentence, as in app/domain/words.py

/**
 * @typedef {import("./fold.js").Job} Job
 * @typedef {import("./fold.js").LogEvent} LogEvent
 * @typedef {import("./fold.js").Turn} Turn
 * @typedef {import("./fold.js").Note} Note
 * @typedef {import("./fold.js").Call} Call
 */

/**
 * Say what is being done now; what a fork has from its origin was done there.
 * @param {Job} job
 * @param {string} words
 */
export function say(job, words) {
  if (job.status !== "pending") job.step = Array.from(words).slice(0, MAX_WORDS).join("");
}

/**
 * The job waits from now on: for a person, or for a provider. Neither counts for a deadline.
 * @param {Job} job
 * @param {LogEvent} event
 * @param {boolean} person
 */
export function wait(job, event, person) {
  job.waits.push({ from: Date.parse(event.at), to: null, person, words: job.step });
}

/**
 * @param {Job} job
 * @param {string} at
 */
export function stopWait(job, at) {
  const last = job.waits.at(-1);
  if (last) last.to ??= Date.parse(at);
}

/**
 * A worker goes on. The deadline counts from the first start, later by each wait for a provider.
 * @param {Job} job
 * @param {string} at
 */
export function work(job, at) {
  const last = job.waits.at(-1);
  if (job.workingSince && last && last.to === null && !last.person)
    job.workingSince = new Date(Date.parse(job.workingSince) + Date.parse(at) - last.from).toISOString();
  job.workingSince ??= at;
  stopWait(job, at);
}

/** @param {number} n */
export const round = (n) => Math.round(n * 1e4) / 1e4;

/**
 * The number of the turn that a key begins with; what the caller has named belongs to the newest.
 * @param {Job} job
 * @param {string} key
 */
export const turnIn = (job, key) => Number.parseInt(key, 10) || Math.max(0, ...job.turns.keys());

/**
 * @param {Job} job
 * @param {number} step
 * @param {LogEvent} event
 * @returns {Turn}
 */
export function turnOf(job, step, event) {
  let turn = job.turns.get(step);
  if (!turn) {
    turn = {
      key: `turn-${step}`,
      step,
      at: event.at,
      reasoning: null,
      tool: null,
      calls: [],
      found: [],
      read: [],
      touched: event.seq,
    };
    job.turns.set(step, turn);
    job.entries.push(turn);
  }
  return turn;
}

/**
 * Something that happened beside the turns. What repeats the note before it is counted there.
 * @param {Job} job
 * @param {LogEvent} event
 * @param {string} title
 * @param {string | string[]} text
 */
export function note(job, event, title, text, tone = "") {
  const lines = (Array.isArray(text) ? text : [text]).filter(Boolean);
  const key = `${tone} ${title} ${lines.join(" ")}`;
  const last = job.entries.at(-1);
  const before = last?.isResumed ? job.entries.at(-2) : last;
  if (before?.same === key) {
    if (last?.isResumed) job.entries.pop();
    before.times += 1;
    before.touched = event.seq;
    return before;
  }
  /** @type {Note} */
  const made = { key: `note-${event.seq}`, same: key, title, lines, tone, times: 1, at: event.at, touched: event.seq };
  job.entries.push(made);
  return made;
}

/**
 * @param {Job} job
 * @param {any} data
 * @param {LogEvent} event
 */
export function plan(job, data, event) {
  job.goal = data.goal;
  job.plan = data.steps;
  job.stepsDone = 0;
  job.plans.push({ ...data, seq: event.seq, at: event.at });
}

/**
 * @param {Job} job
 * @param {any} data
 * @param {LogEvent} event
 * @param {(call: Call) => void} change
 */
export function settle(job, data, event, change) {
  const call = job.open.get(data.key);
  if (!call || call.done) return;
  change(call);
  call.to = Date.parse(event.at);
  call.isCut = false;
  call.usage = data.usage ?? {};
  call.touched = event.seq;
  turnOf(job, call.turn, event).touched = event.seq;
  if (!call.fallback && !call.reused) charge(job.bill, call);
}

/**
 * A call without an answer ends with its attempt; what it cost is unknown.
 * @param {Job} job
 * @param {LogEvent} event
 */
export function cutOff(job, event) {
  for (const call of job.open.values()) {
    if (call.to) continue;
    Object.assign(call, { to: Date.parse(event.at), isCut: true, touched: event.seq });
    turnOf(job, call.turn, event).touched = event.seq;
  }
}

/**
 * @param {Job} job
 * @param {LogEvent} event
 * @param {string} words
 */
export function end(job, event, words) {
  cutOff(job, event);
  job.endedAt = event.at;
  stopWait(job, event.at);
  job.retryAt = null;
  job.asks = null;
  job.step = words;
}

/** @type {Record<string, string>} */
export const OUTCOMES = {
  partial: t("Done in part"),
  not_found: t("Nothing was found"),
  not_researched: t("Not researched"),
};

/**
 * How many steps of the plan are done, by the agent's own count ("2 of 3"). Without a count it stays.
 * @param {Job} job
 * @param {any} reasoning
 */
export function stepsDone(job, { plan_status: said, task_completed: isDone }) {
  const all = job.plan.length;
  if (isDone) return all;
  const [, done, of] = /(\d{1,3})\D{1,12}?(\d{1,3})/.exec(said.slice(0, 150)) ?? [];
  return Number(of) === all ? Math.min(Number(done), all) : job.stepsDone;
}
