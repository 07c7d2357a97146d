// What the page says at the end of each job: reads {name: [events]}, writes {name: {badge, step, why}}.
import { readFileSync } from "node:fs";

const web = process.argv[2];
globalThis.document ??= { documentElement: { dataset: {} }, getElementById: () => null };
globalThis.location ??= new URL("http://127.0.0.1/browse/jobs");
const { empty, evolve } = await import(`${web}/fold.js`);
const { stateName } = await import(`${web}/dom.js`);
const { whyStopped } = await import(`${web}/words.js`);

function said(events) {
  const job = empty();
  for (const event of events) evolve(job, event);
  const why =
    job.stopReason &&
    whyStopped(job.stopReason, {
      hasClaims: Boolean(job.report?.claims.length),
      wasRead: [...job.sources.values()].some((source) => source.size !== null),
      outcome: job.outcome,
    });
  return { badge: stateName(job.status, job.outcome), step: job.step, progress: job.progress, why };
}

const logs = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(logs).map(([name, log]) => [name, said(log)]))));
