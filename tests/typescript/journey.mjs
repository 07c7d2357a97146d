// Uses every method of the client as its user would: node journey.mjs URL. Prints what it saw.
import assert from "node:assert/strict";
import { ApiError, Dossier, isLast, NoContact, NoResult, StillRunning } from "dossier-client";

const [url] = process.argv.slice(2);
const dossier = new Dossier(url);

async function collected(events) {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
}

const offered = await dossier.capabilities();
assert.ok(offered.efforts.some((offer) => offer.effort === "quick"));
assert.equal((await dossier.estimate("Why?", { effort: "quick" })).effort, "quick");

const question = { effort: "quick", tags: ["typescript"], metadata: { order: 7 }, idempotencyKey: "once" };
const made = await dossier.submit("What boils?", question);
assert.equal((await dossier.submit("What boils?", question)).job_id, made.job_id);
const live = await collected(dossier.stream(made.job_id));
assert.ok(isLast(live.at(-1)));
assert.deepEqual(
  live.map((event) => event.seq),
  live.map((_, index) => index + 1),
);
const [submitted] = live;
assert.equal(submitted.type === "job_submitted" && submitted.data.request.query, "What boils?");

const stored = await collected(dossier.iterEvents(made.job_id));
assert.deepEqual(
  stored,
  live.map(({ line, ...event }) => event),
);
assert.deepEqual((await dossier.events(made.job_id, { after: 1, limit: 2 })).events, stored.slice(1, 3));

const result = await dossier.result(made.job_id, { timeoutSeconds: 60 });
assert.equal((await dossier.report(made.job_id)).includes(result.final_answer), true);
assert.equal(JSON.parse(await dossier.report(made.job_id, { format: "json" })).title, result.title);
assert.equal((await dossier.claims(made.job_id)).job_id, made.job_id);
assert.equal((await dossier.job(made.job_id, { at: 1 })).status, "pending");
assert.equal((await dossier.job(made.job_id, { at: new Date(Date.now() + 60_000) })).status, "completed");
assert.deepEqual([...(await dossier.bundle(made.job_id)).slice(0, 2)], [0x50, 0x4b]);
assert.equal((await dossier.replay(made.job_id)).job_id, made.job_id);

const fork = await dossier.fork(made.job_id, { instruction: "And in winter?", tags: ["forked"] });
await dossier.result(fork.job_id);
assert.equal((await dossier.diff(made.job_id, fork.job_id)).b, fork.job_id);

const page = await dossier.jobs({ limit: 1, status: "completed" });
assert.equal(page.jobs[0].job_id, fork.job_id);
assert.equal((await dossier.jobs({ limit: 1, cursor: page.next_cursor })).jobs[0].job_id, made.job_id);
assert.deepEqual(
  (await collected(dossier.iterJobs({ tags: ["typescript"] }))).map((job) => job.job_id),
  [made.job_id],
);

assert.deepEqual(
  (await collected(dossier.iterJobs({ search: "boiling water", sort: "oldest" }))).map((job) => job.job_id),
  [made.job_id, fork.job_id],
);
assert.deepEqual((await dossier.jobs({ created_before: new Date(0) })).jobs, []);

const ends = await collected(dossier.iterFeed({ types: ["job_completed"] }));
assert.deepEqual(
  ends.map((event) => event.job_id),
  [made.job_id, fork.job_id],
);
assert.deepEqual((await dossier.feed({ after: ends[0].cursor, types: ["job_completed"] })).events, [ends[1]]);

assert.deepEqual((await dossier.searchDocuments("boil", { limit: 1 })).documents, []);
await assert.rejects(dossier.document("file:///nothing"), { code: "document_not_found" });

const added = await dossier.addDocument({
  text: "Tea is brewed at 80 degrees.",
  title: "Tea",
  collections: ["drinks"],
});
const file = new File(["Coffee is brewed at 93 degrees."], "coffee.txt");
const filed = await dossier.addDocument({ file, collections: ["drinks"], metadata: { cups: 2 } });
const [tea, coffee] = [added, filed].map((answer) => answer.documents[0].document_id);
assert.match((await dossier.documentText(tea)).text, /80 degrees/);
assert.equal(new TextDecoder().decode(await dossier.documentOriginal(coffee)), "Coffee is brewed at 93 degrees.");
await dossier.replaceDocument(tea, { text: "Tea is brewed at 90 degrees." });
assert.equal((await collected(dossier.iterDocuments({ collection: "drinks" }))).length >= 1, true);
const sent = await dossier.submitDocument({
  file: new File(["Cocoa is brewed at 70 degrees."], "cocoa.txt"),
  collections: ["drinks"],
});
assert.equal((await dossier.ingested(sent.ingestion_id)).result.documents.length, 1);
assert.equal((await dossier.ingestion(sent.ingestion_id)).status, "completed");
assert.equal((await dossier.ingestions({ limit: 1 })).ingestions[0].name, "cocoa.txt");
await dossier.deleteDocument(tea);
await assert.rejects(dossier.getDocument(tea), { status: 404 });
assert.ok((await dossier.workers()).workers);
assert.ok(await dossier.queue());
await dossier.pauseWorkers();
await dossier.resumeWorkers();
await assert.rejects(dossier.requeue(made.job_id), ApiError);
await assert.rejects(dossier.retry(made.job_id), ApiError);

const { webhook, secret } = await dossier.createWebhook("https://hooks.example.com/x", { events: ["job.completed"] });
assert.notEqual((await dossier.rotateWebhook(webhook.endpoint_id)).secret, secret);
assert.equal((await dossier.webhooks()).webhooks.length, 1);
assert.equal((await dossier.enableWebhook(webhook.endpoint_id)).disabled_at, null);
assert.deepEqual((await dossier.webhookDeliveries(webhook.endpoint_id, { limit: 5 })).deliveries, []);
await assert.rejects(dossier.resendWebhook(webhook.endpoint_id, made.job_id), { status: 404 });
await dossier.deleteWebhook(webhook.endpoint_id);

await assert.rejects(dossier.job("mine"), (error) => error instanceof ApiError && error.code === "malformed_job_id");
await assert.rejects(dossier.submit(" "), (error) => error.errors[0].field === "query");
await assert.rejects(dossier.answer(made.job_id, ["I mean water."]), { code: "no_input_requested" });
await assert.rejects(dossier.cancel(made.job_id), { code: "job_already_over" });
await assert.rejects(new Dossier("http://127.0.0.1:1").capabilities(), NoContact);

const waiting = await dossier.submit("WAIT"); // the model of the test does not answer this one
await assert.rejects(dossier.result(waiting.job_id, { timeoutSeconds: 0.3 }), StillRunning);
const stop = new AbortController();
setTimeout(() => stop.abort(new Error("enough")), 300);
await assert.rejects(collected(dossier.stream(waiting.job_id, { signal: stop.signal })), { message: "enough" });
for await (const event of dossier.stream(waiting.job_id)) {
  assert.equal(event.seq, 1);
  break; // closes the connection
}
await dossier.cancel(waiting.job_id);
await assert.rejects(dossier.result(waiting.job_id), (error) => {
  return error instanceof NoResult && error.job.status === "cancelled";
});

const parts = [Dossier.prototype, Object.getPrototypeOf(Dossier.prototype)];
const methods = parts.flatMap((part) => Object.getOwnPropertyNames(part));
process.stdout.write(JSON.stringify({ methods, lines: live.map((event) => event.line) }));
