// The public API, and nothing else.

import { t } from "./language.js";
import { at, here } from "./root.js";

/** An answer that is not the one that was asked for: problem+json. */
export class Problem extends Error {
  /**
   * @param {Record<string, any>} body
   * @param {number} status
   */
  constructor(body, status) {
    super(body.detail ?? body.title ?? t`The server answered ${status}.`);
    this.code = String(body.code ?? "");
    this.status = status;
    this.title = String(body.title ?? "");
    /** @type {{ pointer?: string, field?: string, message: string }[]} */
    this.errors = body.errors ?? [];
  }
}

/** The server could not be reached. */
export class Away extends Error {}

/**
 * What an error says.
 * @param {unknown} error
 */
export const told = (error) => (error instanceof Error ? error.message : String(error));

/**
 * @param {string} path
 * @param {RequestInit & { text?: boolean }} options
 */
async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(at(path), { ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch {
    throw new Away(t("The server does not answer."));
  }
  if (response.status === 204) return null;
  if (response.ok) return options.text ? response.text() : response.json();
  if (response.status === 401 && here() !== "/sign-in") {
    location.assign(`${at("/sign-in")}?next=${encodeURIComponent(here() + location.search)}`);
  }
  throw new Problem(await response.json().catch(() => ({})), response.status);
}

/**
 * @param {unknown} body
 * @param {Record<string, string>} [headers]
 * @returns {RequestInit}
 */
const json = (body, headers) => ({
  method: "POST",
  body: JSON.stringify(body),
  headers: { "Content-Type": "application/json", ...headers },
});
/** @param {string} id */
const job = (id) => `/jobs/${encodeURIComponent(id)}`;

/**
 * Add the documents of a file; `sent` hears what share of it is sent. Only an XMLHttpRequest tells that.
 * @param {File} file
 * @param {string} collections
 * @param {(share: number) => void} sent
 * @param {boolean} isLater a worker reads it; the answer is an ingestion
 */
function upload(file, collections, sent, isLater) {
  const body = new FormData();
  body.append("file", file);
  if (collections.trim()) body.append("collections", collections);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", at("/documents"));
    request.setRequestHeader("Accept", "application/json");
    if (isLater) request.setRequestHeader("Prefer", "respond-async");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.lengthComputable && sent(event.loaded / event.total));
    request.addEventListener("load", () =>
      request.status < 300 ? resolve(request.response) : reject(new Problem(request.response ?? {}, request.status)),
    );
    request.addEventListener("error", () => reject(new Away(t("The server does not answer."))));
    request.send(body);
  });
}

const PROBE_MS = 4000; // a database that is cut off refuses nothing, it is only silent

/**
 * Whether the server answers and its database does not. Throws where the server does not answer either.
 */
async function isDatabaseAway() {
  const ask = (/** @type {string} */ path) =>
    fetch(at(path), { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) });
  const ready = await ask("/health/ready").catch(() => null);
  if (ready) return ready.status === 503 && (await ready.json()).status === "database_unavailable";
  return (await ask("/health/live")).ok;
}

export const api = {
  submit: (request, key) => call("/jobs", json(request, { "Idempotency-Key": key })),
  signIn: (key) => call("/session", json({ key })),
  signOut: () => call("/session", { method: "DELETE" }),
  jobs: (search) => call(`/jobs?${search}`),
  job: (id) => call(job(id)),
  fork: (id, body, key) => call(`${job(id)}/fork`, json(body, { "Idempotency-Key": key })),
  capabilities: () => call("/capabilities"),
  workers: () => call("/workers"),
  queue: () => call("/queue"),
  orderWorkers: (order) => call(`/workers/${order}`, { method: "POST" }),
  orderWorker: (name, order) => call(`/workers/${encodeURIComponent(name)}/${order}`, { method: "POST" }),
  requeue: (id) => call(`${job(id)}/requeue`, { method: "POST" }),
  retry: (id) => call(`${job(id)}/retry`, { method: "POST" }),
  webhooks: () => call("/webhooks"),
  deliveries: (id) => call(`/webhooks/${id}/deliveries?limit=20`),
  keys: () => call("/keys"),
  createKey: (key) => call("/keys", json(key)),
  revokeKey: (id) => call(`/keys/${id}`, { method: "DELETE" }),
  tenants: () => call("/tenants"),
  createTenant: (tenant) => call("/tenants", json({ tenant })),
  orderTenant: (tenant, order) => call(`/tenants/${encodeURIComponent(tenant)}/${order}`, { method: "POST" }),
  quotas: () => call("/quotas"),
  setQuota: (tenant, quota) => call(`/tenants/${encodeURIComponent(tenant)}/quota`, { ...json(quota), method: "PUT" }),
  providerKeys: () => call("/provider-keys"),
  setProviderKey: (key) => call("/provider-keys", { ...json(key), method: "PUT" }),
  removeProviderKey: (provider) => call(`/provider-keys/${provider}`, { method: "DELETE" }),
  access: (search) => call(`/access?${search}`),
  createWebhook: (webhook) => call("/webhooks", json(webhook)),
  deleteWebhook: (id) => call(`/webhooks/${id}`, { method: "DELETE" }),
  costs: (by, days) => call(`/costs?by=${by}&days=${days}`),
  markOf: (id) => call(`${job(id)}/mark`),
  mark: (id, change) => call(`${job(id)}/mark`, { ...json(change), method: "PATCH" }),
  library: () => call("/library"),
  saveFilter: (name, search) => call("/library/filters", json({ name, search })),
  deleteFilter: (id) => call(`/library/filters/${id}`, { method: "DELETE" }),
  shares: (id) => call(`${job(id)}/shares`),
  share: (id, days) => call(`${job(id)}/shares`, json({ expires_in_days: days })),
  revokeShare: (id) => call(`/shares/${id}`, { method: "DELETE" }),
  enableWebhook: (id) => call(`/webhooks/${id}/enable`, { method: "POST" }),
  resend: (id, delivery) => call(`/webhooks/${id}/deliveries/${delivery}/resend`, { method: "POST" }),
  estimate: (request) => call("/estimate", json(request)),
  documents: (search) => call(`/documents?${search}`),
  documentEmbedding: () => call("/documents/embedding"),
  documentText: (id) => call(`/documents/${id}/text`),
  deleteDocument: (id) => call(`/documents/${id}`, { method: "DELETE" }),
  addDocument: upload,
  ingestions: (limit) => call(`/ingestions?limit=${limit}`),
  cancelIngestion: (id) => call(`/ingestions/${id}`, { method: "DELETE" }),
  cancel: (id) => call(job(id), { method: "DELETE" }),
  finish: (id) => call(`${job(id)}/finish`, { method: "POST" }),
  input: (id, said) => call(`${job(id)}/input`, json(said)),
  events: (id, after) => call(`${job(id)}/events?after=${after}&limit=1000`),
  source: (id, number) => call(`${job(id)}/sources/${number}`),
  overview: () => call("/overview"),
  markdown: (id) => call(`${job(id)}/report?format=md`, { text: true, headers: { Accept: "text/markdown" } }),
  reportUrl: (id, format) => `${job(id)}/report?format=${format}`,
  isDatabaseAway,
  streamUrl: (id, after) => at(`${job(id)}/stream?after=${after}`),
};

/** The report as a document that runs nothing: a browser parses it, and no html passes through a string here. */
export function reportDocument(id) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", at(api.reportUrl(id, "html")));
    request.responseType = "document";
    request.addEventListener("load", () =>
      request.status === 200 && request.response
        ? resolve(request.response)
        : reject(new Problem({ detail: t("There is no report.") }, request.status)),
    );
    request.addEventListener("error", () => reject(new Away(t("The server does not answer."))));
    request.send();
  });
}

const ASKED = [
  "query",
  "effort",
  "priority",
  "tags",
  "metadata",
  "limits",
  "sources",
  "clarify",
  "instructions",
  "language",
  "length",
  "outline",
  "plan_review",
  "output_schema",
  "model",
  "verify",
];

/** The same question with the same fields, as a new job. */
export function again(view) {
  const asked = Object.fromEntries(ASKED.filter((name) => name in view).map((name) => [name, view[name]]));
  const key = crypto.randomUUID();
  if (!view.forked_from) return api.submit(asked, key);
  const { query: _query, ...changes } = asked;
  const { job_id: origin, after, instruction } = view.forked_from;
  return api.fork(origin, { after, changes: { ...changes, ...(instruction && { instruction }) } }, key);
}

export const idFromPath = () => decodeURIComponent(here().split("/")[3] ?? "");
