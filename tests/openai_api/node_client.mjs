// What a program for Node does with OpenAI's client; it prints what it saw as JSON.
// Run as: node node_client.mjs URL SECRET BODY HEADERS, in a folder with `openai` in node_modules.
import OpenAI from "openai";

const [url, secret, body, headers] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", webhookSecret: secret });
const ask = { model: "dossier-quick", input: "How does water boil?" };
const seen = {};

const whole = await client.responses.create(ask);
seen.text = whole.output_text;
seen.cited = whole.output.at(-1).content[0].annotations.map((note) => note.url);
seen.stored = (await client.responses.retrieve(whole.id)).output_text;

// The helper checks each event: its type, its item, its index.
const helper = client.responses.stream(ask);
const types = new Set();
for await (const event of helper) types.add(event.type);
seen.types = [...types];
seen.helper = (await helper.finalResponse()).output_text;

// A stream that is dropped and taken up where it broke off.
const dropped = await client.responses.create({ ...ask, background: true, stream: true });
const first = [];
for await (const event of dropped) {
  first.push(event);
  if (first.length === 4) break;
}
const id = first[0].response.id;
const after = first.at(-1).sequence_number;
const rest = [];
for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: after }))
  rest.push(event);
seen.numbers = [...first, ...rest].map((event) => event.sequence_number);
seen.last = rest.at(-1).type;
seen.resumed = rest.at(-1).response.output_text ?? (await client.responses.retrieve(id)).output_text;
const again = client.responses.stream({ response_id: id, starting_after: after });
for await (const _ of again);
seen.resumedByHelper = (await again.finalResponse()).output_text;

const running = await client.responses.create({ ...ask, model: "dossier-deep", background: true });
await client.responses.cancel(running.id);
let cancelled = await client.responses.retrieve(running.id);
while (!["cancelled", "completed", "failed"].includes(cancelled.status)) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  cancelled = await client.responses.retrieve(running.id);
}
seen.cancelled = cancelled.status;
const twice = await client.responses.cancel(whole.id).catch((error) => error);
seen.twice = [twice.status, twice.code];

const next = await client.responses.create({ ...ask, input: "And on a mountain?", previous_response_id: whole.id });
seen.previous = next.previous_response_id === whole.id;
seen.question = (await client.responses.inputItems.list(next.id)).data[0].content[0].text;

const schema = { type: "object", properties: { answer: { type: ["string", "null"] } }, required: ["answer"] };
const format = { type: "json_schema", name: "answer", schema: { ...schema, additionalProperties: false } };
const parsed = await client.responses.parse({ ...ask, text: { format } });
seen.parsed = Object.keys(parsed.output_parsed ?? JSON.parse(parsed.output_text));

const chat = client.chat.completions.stream({
  model: "dossier-quick",
  messages: [{ role: "user", content: ask.input }],
});
seen.chat = await chat.finalContent();
seen.models = (await client.models.list()).data.map((model) => model.id);

await client.responses.delete(whole.id);
seen.deleted = (await client.responses.retrieve(whole.id).catch((error) => error)).status;

const event = await client.webhooks.unwrap(body, JSON.parse(headers));
seen.webhook = [event.type, event.data.id];
seen.forged = await client.webhooks.unwrap(`${body} `, JSON.parse(headers)).then(
  () => "taken",
  (error) => error.constructor.name,
);

console.log(JSON.stringify(seen));
