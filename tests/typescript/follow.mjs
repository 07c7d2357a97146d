// Follows a job to its end, and prints what came:
// node follow.mjs URL JOB [AFTER] [PATIENCE] [MILLISECONDS BETWEEN EVENTS]
import { Dossier } from "dossier-client";
// Not for users: the tests have less time.
import { PACE } from "./node_modules/dossier-client/dist/patience.js";

const [url, job, after = "0", patience = "60", slowness = "0"] = process.argv.slice(2);
if (process.env.QUICK) Object.assign(PACE, { retry: 20, shortest: 20, longest: 200 });

const seen = [];
let error = null;
try {
  const dossier = new Dossier({ url, patienceSeconds: Number(patience) });
  for await (const event of dossier.stream(job, { after: Number(after) })) {
    seen.push(event);
    if (slowness !== "0") await new Promise((resolve) => setTimeout(resolve, Number(slowness)));
  }
} catch (caught) {
  error = { ...caught, name: caught.name, message: caught.message, stack: caught.stack };
}
process.stdout.write(JSON.stringify({ seen, error }));
