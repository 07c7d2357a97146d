// The state of a job as the fold of its events. The live page folds all of them, the slider a prefix.
// `touched` is the seq of the last event that changed an entry: what is drawn follows from it alone.
import { APPLY } from "./fold_events.js";

export { callsMade, costOf } from "./fold_bill.js";
export { toolInWords } from "./fold_words.js";

/**
 * @typedef {{ seq: number, at: string, type: string, status: string, progress: number, data: any }} LogEvent
 * @typedef {{ model: number, search: number, read: number, judge: number, embed: number, input: number, output: number,
 *   cost: number, unpriced: number, repeated: number, failed: number }} Bill
 * @typedef {{ key: string, kind: "model" | "search" | "read" | "judge" | "embed", about: string, turn: number,
 *   index: number, from: number, to: number | null, latency: number | null, usage: any, error: any,
 *   done: boolean, touched: number, provider?: string, tries?: number, repeat?: number, fallback?: boolean,
 *   reused?: boolean, isCut?: boolean, state?: string, tokens?: number }} Call
 * @typedef {{ key: string, step: number, at: string, reasoning: any, tool: any, calls: Call[], found: any[],
 *   read: any[], touched: number, isResumed?: undefined, same?: undefined, times?: undefined }} Turn
 * @typedef {{ key: string, same: string, title: string, lines: string[], tone: string, times: number, at: string,
 *   touched: number, isResumed?: boolean, calls?: undefined }} Note
 * @typedef {{ from: number, to: number | null, person: boolean, words: string }} Wait
 * @typedef {{ number: number, question: string, section: number | null, from: number, to: number | null,
 *   found: Set<number>, passages: number, reason: string, finding: string, touched: number }} Lane
 * @typedef {{ number: number, heading: string, points: string, content: string, growing: string,
 *   problem: string, touched: number }} Section
 * @typedef {ReturnType<typeof empty>} Job
 */

/** The job before its first event. */
export function empty() {
  return {
    seq: 0,
    at: "",
    status: "pending",
    progress: 0,
    step: "",
    request: /** @type {any} */ (null),
    attempt: 0,
    attempts: 0,
    worker: "",
    createdAt: "",
    startedAt: /** @type {string | null} */ (null),
    workingSince: /** @type {string | null} */ (null),
    endedAt: /** @type {string | null} */ (null),
    retryAt: /** @type {string | null} */ (null),
    isFinishing: false, // the report is wanted now
    /** @type {Wait[]} */
    waits: [],
    author: /** @type {"model" | "stand_in" | "extractive"} */ ("model"),
    goal: "",
    plan: /** @type {string[]} */ ([]),
    plans: /** @type {any[]} */ ([]),
    stepsDone: 0, // of the plan, by the agent's own count
    entries: /** @type {(Turn | Note)[]} */ ([]),
    turns: /** @type {Map<number, Turn>} */ (new Map()),
    calls: /** @type {Call[]} */ ([]),
    open: /** @type {Map<string, Call>} */ (new Map()),
    sources: /** @type {Map<number, any>} */ (new Map()),
    /** @type {Bill} */
    bill: {
      model: 0,
      search: 0,
      read: 0,
      judge: 0,
      embed: 0,
      input: 0,
      output: 0,
      cost: 0,
      unpriced: 0,
      repeated: 0,
      failed: 0,
    },
    lanes: /** @type {Map<number, Lane>} */ (new Map()), // threads, by number
    /** @type {{ title: string, seq: number, sections: Section[] } | null} */
    draft: null, // the report before it is checked
    tripped: /** @type {any} */ (null),
    asks: /** @type {any} */ (null),
    answers: /** @type {string[] | null} */ (null),
    report: /** @type {any} */ (null),
    failure: /** @type {any} */ (null),
    stopReason: /** @type {keyof typeof import("./words.js").STOPPED | null} */ (null),
    outcome: /** @type {string | null} */ (null),
    instruction: "", // what a fork is asked beyond the question
    changed: /** @type {string[]} */ ([]), // fields of the request in which a fork differs
    forkedFrom: /** @type {{ origin: string, after: number } | null} */ (null),
  };
}

/**
 * The job after its events up to `upTo`.
 * @param {LogEvent[]} events
 * @returns {Job}
 */
export function fold(events, upTo = Infinity) {
  const job = empty();
  for (const event of events) {
    if (event.seq > upTo) break;
    evolve(job, event);
  }
  return job;
}

/**
 * Apply one more event to the job.
 * @param {Job} job
 * @param {LogEvent} event
 */
export function evolve(job, event) {
  job.seq = event.seq;
  job.at = event.at;
  job.status = event.status;
  job.progress = event.progress;
  APPLY[event.type]?.(job, event.data, event);
}

/** @param {string} status */
export const isOver = (status) => status === "completed" || status === "failed" || status === "cancelled";
