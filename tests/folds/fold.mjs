// Folds logs with the page's own code: reads {name: [events]} and writes
// {name: [what the page says after each]}.
import { readFileSync } from "node:fs";

const { callsMade, costOf, empty, evolve } = await import(process.argv[2]);

function said(job) {
  const { bill } = job;
  return {
    status: job.status,
    progress: job.progress,
    sentence: job.step,
    attempt: job.attempt,
    steps_completed: [...job.turns.values()].filter((turn) => turn.tool || !turn.calls.length).length,
    stop_reason: job.stopReason,
    calls: callsMade(bill),
    model_calls: bill.model,
    searches: bill.search,
    pages_read: bill.read,
    judge_calls: bill.judge,
    input_tokens: bill.input,
    output_tokens: bill.output,
    cost_usd: costOf(bill),
    repeated_calls: bill.repeated,
    failed_tries: bill.failed,
    known_cost_usd: Math.round(bill.cost * 1e9) / 1e9,
    unknown_cost_calls: bill.unpriced,
  };
}

const logs = JSON.parse(readFileSync(0, "utf8"));
for (const [name, events] of Object.entries(logs)) {
  const job = empty();
  logs[name] = events.map((event) => {
    evolve(job, event);
    return said(job);
  });
}
process.stdout.write(JSON.stringify(logs));
