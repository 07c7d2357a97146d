// The state of a job as the fold of its events. The live page folds all of them, the slider a prefix.
// `touched` is the seq of the last event that changed an entry: what is drawn follows from it alone.

const MAX_WORDS = 200; // characters of the sentence, as in app/domain/words.py

/**
 * @typedef {{ seq: number, at: string, type: string, status: string, progress: number, data: any }} LogEvent
 * @typedef {{ model: number, search: number, read: number, judge: number, embed: number, input: number, output: number,
 *   cost: number, unpriced: number, repeated: number, failed: number }} Bill
 * @typedef {{ key: string, kind: "model" | "search" | "read" | "judge" | "embed", about: string, turn: number,
 *   index: number, from: number, to: number | null, latency: number | null, usage: any, error: any,
 *   done: boolean, touched: number, provider?: string, tries?: number, repeat?: number, fallback?: boolean,
 *   reused?: boolean, isCut?: boolean }} Call
 * @typedef {{ key: string, step: number, at: string, reasoning: any, tool: any, calls: Call[], found: any[],
 *   read: any[], touched: number }} Turn
 * @typedef {{ key: string, title: string, text: string, tone: string, at: string, touched: number,
 *   calls?: undefined }} Note
 * @typedef {{ from: number, to: number | null, person: boolean, words: string }} Wait
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
    tripped: /** @type {any} */ (null),
    asks: /** @type {any} */ (null),
    answers: /** @type {string[] | null} */ (null),
    report: /** @type {any} */ (null),
    failure: /** @type {any} */ (null),
    stopReason: /** @type {keyof typeof import("./words.js").STOPPED | null} */ (null),
    outcome: /** @type {string | null} */ (null),
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

/** @type {Record<string, (job: Job, data: any, event: LogEvent) => void>} */
const APPLY = {
  job_submitted(job, data, event) {
    job.request = data.request;
    job.attempts = data.max_attempts;
    job.createdAt = event.at;
    job.step = "Waiting for a worker";
  },
  attempt_started(job, data, event) {
    Object.assign(job, { attempt: data.attempt, worker: data.worker, retryAt: null, step: "Starting" });
    job.startedAt ??= event.at;
    work(job, event.at);
    const words = data.attempt > 1 ? `Attempt ${data.attempt} began` : "A worker took the job";
    note(
      job,
      event,
      job.entries.length > 1 && data.attempt === 1 ? "A worker went on with the job" : words,
      `worker ${data.worker}`,
    );
  },
  attempt_failed(job, data, event) {
    cutOff(job, event);
    job.retryAt = data.retry_at;
    job.step = "Waiting to try again";
    note(job, event, `Attempt ${data.attempt} failed`, `${data.error_type}: ${data.error_message}`, "bad");
  },
  attempt_released(job, data, event) {
    cutOff(job, event);
    job.attempt -= 1;
    job.retryAt = data.retry_at;
    const waits = data.reason === "provider_unavailable";
    job.step = waits ? waitInWords(data.away) : "Waiting for a worker";
    if (waits) wait(job, event, false);
    note(
      job,
      event,
      waits ? "The provider is away; the job waits" : "The worker stopped and handed the job back",
      waits && data.away ? job.step : "",
      waits ? "wait" : "",
    );
  },
  lease_expired(job, data, event) {
    cutOff(job, event);
    job.step = "Waiting for a worker";
    note(
      job,
      event,
      `The worker of attempt ${data.attempt} was lost`,
      data.cause === "silent" ? "It fell silent." : "It held the job for too long.",
      "bad",
    );
  },
  input_requested(job, data, event) {
    job.attempt -= 1;
    job.asks = { ...data, seq: event.seq, until: Date.parse(event.at) + data.timeout_seconds * 1000 };
    job.step = "Waiting for an answer";
    wait(job, event, true);
    note(
      job,
      event,
      data.plan ? "Its plan waits for a review" : "It asks what is meant",
      data.questions.join(" "),
      "warn",
    );
  },
  input_provided(job, data, event) {
    Object.assign(job, { asks: null, answers: data.answers, workingSince: event.at, step: "Waiting for a worker" });
    stopWait(job, event.at);
    note(
      job,
      event,
      data.assumed ? "Not answered; the job continues with its assumptions" : "Answered",
      data.answers.join(" "),
    );
  },
  cancel_requested(job, data, event) {
    job.step = "Cancelling";
    note(job, event, "Somebody asked it to stop", data.reason, "warn");
  },
  finish_requested(job, _data, event) {
    job.retryAt = null;
    job.isFinishing = true;
    if (job.status === "running") job.step = "Finishing with what there is";
    note(job, event, "Somebody asked for the report now", "");
  },
  job_cancelled(job, _data, event) {
    end(job, event, "Cancelled");
    note(job, event, "Cancelled", "Nothing was spent after this.", "warn");
  },
  job_completed(job, data, event) {
    job.stopReason = data.stop_reason;
    job.outcome = data.outcome ?? null;
    const words = OUTCOMES[job.outcome ?? ""];
    end(job, event, words ?? "Done");
    note(job, event, words ?? "Completed", "", words ? "warn" : "good");
  },
  job_failed(job, data, event) {
    job.failure = data;
    end(job, event, "Failed");
    note(job, event, "Failed", `${data.error_type}: ${data.error_message}`, "bad");
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
    if (data.kind === "model") say(job, "Thinking about the next step");
    if (data.kind === "judge" && !data.fallback) say(job, "Checking claims against their quotes");
    if (data.kind === "embed" && !data.fallback) say(job, "Searching pages by embedding for claims without a quote");
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
    if (call) Object.assign(call, { state: data.state, tokens: data.tokens, touched: event.seq });
  },
  call_completed(job, data, event) {
    settle(job, data, event, (call) => Object.assign(call, { done: true, error: null, latency: data.latency_ms }));
  },
  call_failed(job, data, event) {
    say(job, `A ${data.key.split("/")[1]} call failed: ${data.error_message}`);
    settle(job, data, event, (call) => Object.assign(call, { error: data, tries: (call.tries ?? 0) + 1 }));
  },
  step_reasoned(job, data, event) {
    const turn = turnOf(job, data.step, event);
    const thought = turn.calls.findLast((call) => call.kind === "model");
    job.author = thought?.fallback ? "stand_in" : thought?.provider === "extractive" ? "extractive" : "model";
    Object.assign(turn, { reasoning: data.reasoning, tool: data.function, touched: event.seq, at: event.at });
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
    note(job, event, "Somebody reviewed the plan", [...data.steps, ...(data.remarks ?? [])].join(" "));
  },
  source_found(job, data, event) {
    job.sources.set(data.number, { ...data, size: null, seq: event.seq, touched: event.seq });
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
  budget_reached(job, data, event) {
    job.tripped ??= data;
    say(job, `A limit was reached (${data.limit}); writing the report`);
    note(
      job,
      event,
      "A limit was reached; only the report follows",
      `${data.limit}: ${round(data.used)} of ${round(data.allowed)} used`,
      "warn",
    );
  },
  report_written(job, data) {
    job.report = data;
    say(job, "Checking the citations");
  },
  job_forked(job, data, event) {
    job.forkedFrom = { origin: data.origin, after: data.after };
    const kept = data.reused_calls ? ` ${data.reused_calls} calls of it were not made again.` : "";
    note(
      job,
      event,
      `It begins where another job was after event ${data.after}`,
      `${data.instruction ?? ""}${kept}`.trim(),
    );
  },
};

/**
 * Say what is being done now; what a fork has from its origin was done there.
 * @param {Job} job
 * @param {string} words
 */
function say(job, words) {
  if (job.status !== "pending") job.step = Array.from(words).slice(0, MAX_WORDS).join("");
}

/**
 * How far a model is in the middle of a call.
 * @param {{state: string, tokens: number}} data
 */
function writingInWords({ state, tokens }) {
  if (state === "queued") return "Waiting for the model: other calls come first";
  if (state === "reading") return "The model is reading";
  return `The model is ${state}: ${tokens.toLocaleString("en-US")} tokens so far`;
}

/**
 * The job waits from now on: for a person, or for a provider. Neither counts for a deadline.
 * @param {Job} job
 * @param {LogEvent} event
 * @param {boolean} person
 */
function wait(job, event, person) {
  job.waits.push({ from: Date.parse(event.at), to: null, person, words: job.step });
}

/**
 * @param {Job} job
 * @param {string} at
 */
function stopWait(job, at) {
  const last = job.waits.at(-1);
  if (last) last.to ??= Date.parse(at);
}

/**
 * A worker goes on. The deadline counts from the first start, later by each wait for a provider.
 * @param {Job} job
 * @param {string} at
 */
function work(job, at) {
  const last = job.waits.at(-1);
  if (job.workingSince && last && last.to === null && !last.person)
    job.workingSince = new Date(Date.parse(job.workingSince) + Date.parse(at) - last.from).toISOString();
  job.workingSince ??= at;
  stopWait(job, at);
}

/** @param {number} n */
const round = (n) => Math.round(n * 1e4) / 1e4;

/**
 * The number of the turn that a key begins with; what the caller has named belongs to the newest.
 * @param {Job} job
 * @param {string} key
 */
const turnIn = (job, key) => Number.parseInt(key, 10) || Math.max(0, ...job.turns.keys());

/**
 * @param {Job} job
 * @param {number} step
 * @param {LogEvent} event
 * @returns {Turn}
 */
function turnOf(job, step, event) {
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
 * @param {Job} job
 * @param {LogEvent} event
 * @param {string} title
 * @param {string} text
 */
function note(job, event, title, text, tone = "") {
  job.entries.push({ key: `note-${event.seq}`, title, text, tone, at: event.at, touched: event.seq });
}

/**
 * @param {Job} job
 * @param {any} data
 * @param {LogEvent} event
 */
function plan(job, data, event) {
  job.goal = data.goal;
  job.plan = data.steps;
  job.plans.push({ ...data, seq: event.seq, at: event.at });
}

/**
 * @param {Job} job
 * @param {any} data
 * @param {LogEvent} event
 * @param {(call: Call) => void} change
 */
function settle(job, data, event, change) {
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
function cutOff(job, event) {
  for (const call of job.open.values()) {
    if (call.to) continue;
    Object.assign(call, { to: Date.parse(event.at), isCut: true, touched: event.seq });
    turnOf(job, call.turn, event).touched = event.seq;
  }
}

/**
 * A failed or cut try is not a call; a reply of a model that was refused is one.
 * @param {Bill} bill
 * @param {Call} call
 */
function charge(bill, { kind, usage, error }) {
  const refused = ["model", "judge"].includes(kind) && error?.error_type === "validation";
  bill[error && !refused ? "failed" : kind] += 1;
  bill.input += usage.input_tokens ?? 0;
  bill.output += usage.output_tokens ?? 0;
  if (usage.cost_usd === null) bill.unpriced += 1;
  else bill.cost += usage.cost_usd ?? 0;
}

/**
 * @param {Job} job
 * @param {LogEvent} event
 * @param {string} words
 */
function end(job, event, words) {
  cutOff(job, event);
  job.endedAt = event.at;
  stopWait(job, event.at);
  job.retryAt = null;
  job.asks = null;
  job.step = words;
}

/** @type {Record<string, string>} */
const OUTCOMES = { partial: "Done in part", not_found: "Nothing was found", not_researched: "Not researched" };

/**
 * Whom a job waits for, as in app/domain/words.py.
 * @param {any} away
 */
function waitInWords(away) {
  if (!away) return "Waiting for a provider";
  const since = new Date(away.since).toISOString().slice(11, 19);
  const said = away.error_message ? `: ${away.error_message}` : "";
  return `Waiting for ${away.provider} since ${since} UTC${said}`.slice(0, 200);
}

/** @param {string[]} texts */
const quoted = (texts) => texts.map((text) => `“${text}”`).join(", ");

/**
 * A tool as something that is being done, as in app/domain/words.py.
 * @param {any} tool
 */
export function toolInWords(tool) {
  switch (tool?.tool) {
    case "clarify":
      return "Asking what is meant";
    case "generate_plan":
      return `Planning: ${tool.goal}`;
    case "adapt_plan":
      return `Changing the plan: ${tool.reason}`;
    case "web_search":
      return `Searching for ${quoted(tool.queries)}`;
    case "read_pages":
      return `Reading ${tool.urls.length} page${tool.urls.length > 1 ? "s" : ""}`;
    case "write_report":
      return `Writing the report: ${tool.title}`;
    case "answer":
      return "Answering";
    default:
      return "Thinking about the next step";
  }
}

/** @param {string} status */
export const isOver = (status) => status === "completed" || status === "failed" || status === "cancelled";
/** @param {Bill} bill */
export const callsMade = (bill) => bill.model + bill.search + bill.read + bill.judge + bill.embed;
/** @param {Bill} bill */
export const costOf = (bill) => (bill.unpriced ? null : Math.round(bill.cost * 1e9) / 1e9);
