// The state of a run as the fold of its events. The live page folds all of them, the slider a prefix.
// `touched` is the seq of the last event that changed an entry: what is drawn follows from it alone.

const MAX_WORDS = 200; // characters of the sentence, as in app/domain/words.py

export function empty() {
  return {
    seq: 0, at: null, status: "pending", progress: 0, step: "", request: null, attempt: 0, attempts: 0, worker: "",
    createdAt: null, startedAt: null, workingSince: null, endedAt: null, retryAt: null,
    goal: "", plan: [], plans: [], entries: [], turns: new Map(), calls: [], open: new Map(), sources: new Map(),
    bill: { model: 0, search: 0, read: 0, judge: 0, input: 0, output: 0, cost: 0, unpriced: 0, repeated: 0 },
    tripped: null, asks: null, answers: null, report: null, failure: null, stopReason: null, forkedFrom: null,
  };
}

export function fold(events, upTo = Infinity) {
  const run = empty();
  for (const event of events) {
    if (event.seq > upTo) break;
    evolve(run, event);
  }
  return run;
}

export function evolve(run, event) {
  run.seq = event.seq;
  run.at = event.at;
  run.status = event.status;
  run.progress = event.progress;
  APPLY[event.type]?.(run, event.data, event);
}

const APPLY = {
  job_submitted(run, data, event) {
    run.request = data.request;
    run.attempts = data.max_attempts;
    run.createdAt = event.at;
    run.step = "Waiting for a worker";
  },
  attempt_started(run, data, event) {
    Object.assign(run, { attempt: data.attempt, worker: data.worker, retryAt: null, step: "Starting" });
    run.startedAt ??= event.at;
    run.workingSince ??= event.at;
    const words = data.attempt > 1 ? `Attempt ${data.attempt} began` : "A worker took the run";
    note(run, event, run.entries.length > 1 && data.attempt === 1 ? "A worker went on with the run" : words, `worker ${data.worker}`);
  },
  attempt_failed(run, data, event) {
    run.retryAt = data.retry_at;
    run.step = "Waiting to try again";
    note(run, event, `Attempt ${data.attempt} failed`, `${data.error_type}: ${data.error_message}`, "bad");
  },
  attempt_released(run, data, event) {
    run.attempt -= 1;
    run.retryAt = data.retry_at;
    run.step = data.reason === "provider_unavailable" ? "Waiting for a provider" : "Waiting for a worker";
    note(run, event, data.reason === "provider_unavailable" ? "The provider is away; the job waits" : "The worker stopped and handed the job back", "");
  },
  lease_expired(run, data, event) {
    run.step = "Waiting for a worker";
    note(run, event, `The worker of attempt ${data.attempt} was lost`, data.cause === "silent" ? "It fell silent." : "It held the run for too long.", "bad");
  },
  input_requested(run, data, event) {
    run.attempt -= 1;
    run.asks = { ...data, seq: event.seq, until: Date.parse(event.at) + data.timeout_seconds * 1000 };
    run.step = "Waiting for an answer";
    note(run, event, "It asks what is meant", data.questions.join(" "), "warn");
  },
  input_provided(run, data, event) {
    Object.assign(run, { asks: null, answers: data.answers, workingSince: event.at, step: "Waiting for a worker" });
    note(run, event, data.assumed ? "Nobody answered; it goes on with its assumptions" : "Answered", data.answers.join(" "));
  },
  cancel_requested(run, data, event) {
    run.step = "Cancelling";
    note(run, event, "Somebody asked it to stop", data.reason, "warn");
  },
  job_cancelled(run, _data, event) {
    end(run, event, "Cancelled");
    note(run, event, "Cancelled", "Nothing was spent after this.", "warn");
  },
  job_completed(run, data, event) {
    run.stopReason = data.stop_reason;
    end(run, event, "Done");
    note(run, event, "Completed", "", "good");
  },
  job_failed(run, data, event) {
    run.failure = data;
    end(run, event, "Failed");
    note(run, event, "Failed", `${data.error_type}: ${data.error_message}`, "bad");
  },
  call_requested(run, data, event) {
    const step = Number(data.key.split("/")[0]);
    const call = { ...data, turn: step, index: run.calls.length, from: Date.parse(event.at), to: null, latency: null, usage: {}, error: null, done: false, touched: event.seq };
    if (data.kind === "model") say(run, "Thinking about the next step");
    if (data.kind === "judge" && !data.fallback) say(run, "Checking claims against their quotes");
    if (data.repeat) run.bill.repeated += 1;
    run.calls.push(call);
    run.open.set(data.key, call);
    const turn = turnOf(run, step, event);
    turn.calls.push(call);
    turn.touched = event.seq;
  },
  call_completed(run, data, event) {
    settle(run, data, event, (call) => Object.assign(call, { done: true, error: null, latency: data.latency_ms }));
  },
  call_failed(run, data, event) {
    say(run, `A ${data.key.split("/")[1]} call failed: ${data.error_message}`);
    settle(run, data, event, (call) => Object.assign(call, { error: data, tries: (call.tries ?? 0) + 1 }));
  },
  step_reasoned(run, data, event) {
    const turn = turnOf(run, data.step, event);
    Object.assign(turn, { reasoning: data.reasoning, tool: data.function, touched: event.seq, at: event.at });
    say(run, toolInWords(data.function));
  },
  plan_drafted(run, data, event) {
    plan(run, { ...data, changes: [], reason: "" }, event);
  },
  plan_adapted(run, data, event) {
    plan(run, data, event);
  },
  source_found(run, data, event) {
    run.sources.set(data.number, { ...data, size: null, seq: event.seq, touched: event.seq });
    const turn = turnOf(run, Number(data.found_by.split("/")[0]), event);
    turn.found.push(data);
    turn.touched = event.seq;
  },
  page_read(run, data, event) {
    const source = run.sources.get(data.number);
    if (source) Object.assign(source, { size: data.size, touched: event.seq });
    const turn = turnOf(run, Number(data.read_by.split("/")[0]), event);
    turn.read.push({ ...data, title: source?.title ?? "", url: source?.url ?? "" });
    turn.touched = event.seq;
  },
  budget_reached(run, data, event) {
    run.tripped ??= data;
    say(run, `A limit was reached (${data.limit}); writing the report`);
    note(run, event, "A limit was reached; only the report follows", `${data.limit}: ${round(data.used)} of ${round(data.allowed)} used`, "warn");
  },
  report_written(run, data) {
    run.report = data;
    say(run, "Checking the citations");
  },
  job_forked(run, data, event) {
    run.forkedFrom = { origin: data.origin, after: data.after };
    const kept = data.reused_calls ? ` ${data.reused_calls} calls of it were not made again.` : "";
    note(run, event, `It begins where another run was after event ${data.after}`, `${data.instruction ?? ""}${kept}`.trim());
  },
};

/** What is being done now; what a fork has from its origin was done there. */
function say(run, words) {
  if (run.status !== "pending") run.step = Array.from(words).slice(0, MAX_WORDS).join("");
}

const round = (n) => Math.round(n * 1e4) / 1e4;

function turnOf(run, step, event) {
  let turn = run.turns.get(step);
  if (!turn) {
    turn = { key: `turn-${step}`, step, at: event.at, reasoning: null, tool: null, calls: [], found: [], read: [], touched: event.seq };
    run.turns.set(step, turn);
    run.entries.push(turn);
  }
  return turn;
}

function note(run, event, title, text, tone = "") {
  run.entries.push({ key: `note-${event.seq}`, title, text, tone, at: event.at, touched: event.seq });
}

function plan(run, data, event) {
  run.goal = data.goal;
  run.plan = data.steps;
  run.plans.push({ ...data, seq: event.seq, at: event.at });
}

function settle(run, data, event, change) {
  const call = run.open.get(data.key);
  if (!call || call.done) return;
  change(call);
  call.to = Date.parse(event.at);
  call.usage = data.usage ?? {};
  call.touched = event.seq;
  turnOf(run, call.turn, event).touched = event.seq;
  if (!call.fallback && !call.reused) charge(run.bill, call.kind, call.usage);
}

function charge(bill, kind, usage) {
  bill[kind] += 1;
  bill.input += usage.input_tokens ?? 0;
  bill.output += usage.output_tokens ?? 0;
  if (usage.cost_usd === null) bill.unpriced += 1;
  else bill.cost += usage.cost_usd ?? 0;
}

function end(run, event, words) {
  run.endedAt = event.at;
  run.retryAt = null;
  run.asks = null;
  run.step = words;
}

const quoted = (texts) => texts.map((text) => `“${text}”`).join(", ");

export function toolInWords(tool) {
  switch (tool?.tool) {
    case "clarify": return "Asking what is meant";
    case "generate_plan": return `Planning: ${tool.goal}`;
    case "adapt_plan": return `Changing the plan: ${tool.reason}`;
    case "web_search": return `Searching for ${quoted(tool.queries)}`;
    case "read_pages": return `Reading ${tool.urls.length} page${tool.urls.length > 1 ? "s" : ""}`;
    case "write_report": return `Writing the report: ${tool.title}`;
    case "answer": return "Answering";
    default: return "Thinking about the next step";
  }
}

export const isOver = (status) => status === "completed" || status === "failed" || status === "cancelled";
export const callsMade = (bill) => bill.model + bill.search + bill.read + bill.judge;
export const costOf = (bill) => (bill.unpriced ? null : Math.round(bill.cost * 1e9) / 1e9);
