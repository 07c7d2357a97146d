/** The client. Its methods are those of the Python client. */

import type { ConnectionOptions } from "./connection.js";
import { DocumentCalls } from "./document_calls.js";
import { NoResult, StillRunning } from "./errors.js";
import { checkedEvent, isOver } from "./events.js";
import { follow } from "./follow.js";
import { Patience } from "./patience.js";
import { TimeLimit } from "./time_limit.js";
import type * as t from "./types.js";

const CONTACT_PATIENCE = 60; // seconds without contact until `stream` gives up; a deploy is shorter
const SLOW = 300_000; // milliseconds for replays and bundles: one at a time
const JOBS_PAGE = 100; // the most that the server gives
const EVENTS_PAGE = 500;

export interface DossierOptions extends ConnectionOptions {
  /** Seconds without any contact until `stream` and `result` throw NoContact. */
  patienceSeconds?: number;
}

/**
 * A Dossier server's jobs.
 *
 * Every method may throw ApiError (the server refused), NoContact (no answer) or StreamBroken (the answer
 * is not Dossier's). What comes back has the API's own field names.
 */
export class Dossier extends DocumentCalls {
  private readonly patienceSeconds: number;

  constructor(options: DossierOptions | string = {}) {
    const given = typeof options === "string" ? { url: options } : options;
    super(given);
    this.patienceSeconds = given.patienceSeconds ?? CONTACT_PATIENCE;
  }

  /** The server's address. */
  get url(): string {
    return this.connection.url;
  }

  /** Submit a question as a new job, which then runs to its end whatever happens to the server. */
  async submit(query: string, { idempotencyKey, signal, ...fields }: t.SubmitOptions = {}): Promise<t.Created> {
    return this.post("/jobs", { query, ...fields }, { idempotencyKey, signal });
  }

  /** Start a new job from a point of this one. What was paid until then is reused. */
  async fork(jobId: string, options: t.ForkOptions = {}): Promise<t.Created> {
    const { after, callback_url, idempotencyKey, signal, ...changes } = options;
    return this.post(jobPath(jobId, "/fork"), { after, changes, callback_url }, { idempotencyKey, signal });
  }

  /** Get the job as it is, or as it was `at` a seq or a time. */
  async job(jobId: string, { at, signal }: { at?: number | string | Date } & t.Stoppable = {}): Promise<t.JobView> {
    return this.connection.json("GET", jobPath(jobId), { query: { at }, signal });
  }

  /** Get a page of jobs, newest first; `iterJobs` walks all pages. */
  async jobs({ search, signal, ...rest }: t.JobFilter & t.PageOptions = {}): Promise<t.Jobs> {
    return this.connection.json("GET", "/jobs", { query: { q: search, ...rest }, signal });
  }

  /** Iterate over all matching jobs, newest first. */
  async *iterJobs(filter: t.JobFilter = {}): AsyncGenerator<t.JobView, void> {
    let cursor: string | undefined;
    do {
      const page: t.Jobs = await this.jobs({ limit: JOBS_PAGE, ...filter, cursor });
      yield* page.jobs;
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
  }

  /**
   * Wait for the job's result; without `timeoutSeconds`, as long as the job takes.
   *
   * Throws NoResult if the job failed or was cancelled, StillRunning if the time was up.
   */
  async result(jobId: string, options: { timeoutSeconds?: number } & t.Stoppable = {}): Promise<t.Result> {
    const { timeoutSeconds, signal } = options;
    const milliseconds = timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000;
    const late = (): Error => new StillRunning(`Job ${jobId} was not over after ${timeoutSeconds} s; it continues.`);
    const limit = new TimeLimit(signal, milliseconds, late);
    try {
      const view = await this.over(jobId, limit.signal);
      if (view.result) return view.result;
      throw new NoResult(view);
    } finally {
      limit.end();
    }
  }

  /** Return the job once it is over. */
  private async over(jobId: string, signal: AbortSignal): Promise<t.JobView> {
    const view = await this.job(jobId, { signal });
    if (isOver(view.status)) return view;
    for await (const _ of this.stream(jobId, { after: view.seq, signal }));
    return this.job(jobId, { signal });
  }

  /** Cancel the job. The answer says `cancelling` if the worker takes longer than two seconds to stop. */
  async cancel(jobId: string, { signal }: t.Stoppable = {}): Promise<t.Cancelled> {
    return this.connection.json("DELETE", jobPath(jobId), { signal });
  }

  /** Finish the job now: the report is written from what was read. */
  async finish(jobId: string, { signal }: t.Stoppable = {}): Promise<t.JobView> {
    return this.connection.json("POST", jobPath(jobId, "/finish"), { signal });
  }

  /** Let a job with `plan_review` go on with this plan, or with its own if none is given. */
  async reviewPlan(jobId: string, plan?: string[], { signal }: t.Stoppable = {}): Promise<t.JobView> {
    return this.post(jobPath(jobId, "/input"), plan ? { plan } : { approve: true }, { signal });
  }

  /** Answer the agent's questions in 1 to 10 lines, or review its plan: `{ plan }`, `{ approve: true }`. */
  async answer(jobId: string, said: string[] | t.Answers, { signal }: t.Stoppable = {}): Promise<t.JobView> {
    return this.post(jobPath(jobId, "/input"), Array.isArray(said) ? { answers: said } : said, { signal });
  }

  /** Get the report of a completed job: markdown, html, JSON, or its sources as BibTeX or CSL-JSON. */
  async report(jobId: string, options: { format?: t.ReportFormat } & t.Stoppable = {}): Promise<string> {
    const { format = "md", signal } = options;
    return this.connection.text("GET", jobPath(jobId, "/report"), { query: { format }, signal });
  }

  /** Get the report of a completed job as a Word document. */
  async reportDocx(jobId: string, { signal }: t.Stoppable = {}): Promise<Uint8Array> {
    return this.connection.bytes("GET", jobPath(jobId, "/report"), { query: { format: "docx" }, signal });
  }

  /** Get each claim of the report with its evidence: quote, page, read, search and step. */
  async claims(jobId: string, { signal }: t.Stoppable = {}): Promise<t.Claims> {
    return this.connection.json("GET", jobPath(jobId, "/claims"), { signal });
  }

  /** Get the job as a zip that its own `verify.py` checks offline. */
  async bundle(jobId: string, { signal }: t.Stoppable = {}): Promise<Uint8Array> {
    return this.connection.bytes("GET", jobPath(jobId, "/bundle"), { limit: SLOW, signal });
  }

  /** Replay the job's log with the server's current code. Nothing is paid or written. */
  async replay(jobId: string, { signal }: t.Stoppable = {}): Promise<t.Replayed> {
    return this.connection.json("POST", jobPath(jobId, "/replay"), { limit: SLOW, signal });
  }

  /** Compare two jobs: `jobId` is a, `other` is b. */
  async diff(jobId: string, other: string, { signal }: t.Stoppable = {}): Promise<t.Diff> {
    return this.connection.json("GET", jobPath(jobId, `/diff/${encodeURIComponent(other)}`), { signal });
  }

  /** Take a job from its worker, at no cost of an attempt. */
  async requeue(jobId: string, { signal }: t.Stoppable = {}): Promise<t.JobView> {
    return this.connection.json("POST", jobPath(jobId, "/requeue"), { signal });
  }

  /** Continue a failed job in a new one, once however often asked. */
  async retry(jobId: string, { signal }: t.Stoppable = {}): Promise<t.Created> {
    return this.connection.json("POST", jobPath(jobId, "/retry"), { signal });
  }

  /** Return what the server offers: models, engines, efforts, limits. */
  async capabilities({ signal }: t.Stoppable = {}): Promise<t.Capabilities> {
    return this.connection.json("GET", "/capabilities", { signal });
  }

  /** Return what a job would take, judged by past ones. Nothing is submitted. */
  async estimate(query: string, options: t.EstimateOptions = {}): Promise<t.Estimate> {
    const { signal, ...fields } = options;
    return this.post("/estimate", { query, ...fields }, { signal });
  }

  /** Make an API key, and show its secret this once. */
  async createKey(name: string, options: Omit<t.NewKey, "name"> & t.Stoppable = {}): Promise<t.KeyWithSecret> {
    const { signal, ...fields } = options;
    return this.post("/keys", { name, ...fields }, { signal });
  }

  /** List the API keys, without secrets. */
  async keys({ signal }: t.Stoppable = {}): Promise<t.Keys> {
    return this.connection.json("GET", "/keys", { signal });
  }

  /** Revoke an API key for good. */
  async revokeKey(keyId: string, { signal }: t.Stoppable = {}): Promise<void> {
    await this.connection.bytes("DELETE", `/keys/${encodeURIComponent(keyId)}`, { signal });
  }

  /** Set the tenant's own key with a provider, which nobody can read again. */
  async setProviderKey(
    provider: t.NewProviderKey["provider"],
    key: string,
    options: { base_url?: string } & t.Stoppable = {},
  ): Promise<t.ProviderKey> {
    const { signal, ...fields } = options;
    return this.connection.json("PUT", "/provider-keys", { body: { provider, key, ...fields }, signal });
  }

  /** List which providers the tenant has a key with, without the keys. */
  async providerKeys({ signal }: t.Stoppable = {}): Promise<t.ProviderKeys> {
    return this.connection.json("GET", "/provider-keys", { signal });
  }

  /** Remove the tenant's key with a provider. */
  async removeProviderKey(provider: string, { signal }: t.Stoppable = {}): Promise<void> {
    await this.connection.bytes("DELETE", `/provider-keys/${encodeURIComponent(provider)}`, { signal });
  }

  /** Make a link with which everybody can read a job's report. */
  async share(jobId: string, options: t.NewShare & t.Stoppable = {}): Promise<t.ShareWithUrl> {
    const { signal, ...fields } = options;
    return this.post(jobPath(jobId, "/shares"), fields, { signal });
  }

  /** List the links to a job's report, without their addresses. */
  async shares(jobId: string, { signal }: t.Stoppable = {}): Promise<t.Shares> {
    return this.connection.json("GET", jobPath(jobId, "/shares"), { signal });
  }

  /** End a link to a report at once. */
  async revokeShare(shareId: string, { signal }: t.Stoppable = {}): Promise<void> {
    await this.connection.bytes("DELETE", `/shares/${encodeURIComponent(shareId)}`, { signal });
  }

  /** Mark a job, and get its mark; what is left out stays as it is. */
  async mark(jobId: string, options: t.MarkChange & t.Stoppable = {}): Promise<t.Mark> {
    const { signal, ...body } = options;
    return this.connection.json("PATCH", jobPath(jobId, "/mark"), { body, signal });
  }

  /** List the collections with their sizes, and the saved filters. */
  async library({ signal }: t.Stoppable = {}): Promise<t.Library> {
    return this.connection.json("GET", "/library", { signal });
  }

  /** Save a search of jobs under a name, in place of one of that name. */
  async saveFilter(name: string, search: t.NewFilter["search"], { signal }: t.Stoppable = {}): Promise<t.SavedFilter> {
    return this.post("/library/filters", { name, search }, { signal });
  }

  /** Delete a saved filter; the jobs stay as they are. */
  async deleteFilter(filterId: string, { signal }: t.Stoppable = {}): Promise<void> {
    await this.connection.bytes("DELETE", `/library/filters/${encodeURIComponent(filterId)}`, { signal });
  }

  /** Make a tenant, which has no key yet. */
  async createTenant(tenant: string, { signal }: t.Stoppable = {}): Promise<t.Tenant> {
    return this.post("/tenants", { tenant }, { signal });
  }

  /** List the tenants, by name. */
  async tenants({ signal }: t.Stoppable = {}): Promise<t.Tenants> {
    return this.connection.json("GET", "/tenants", { signal });
  }

  /** Refuse the keys of a tenant until it is resumed. */
  async suspendTenant(tenant: string, { signal }: t.Stoppable = {}): Promise<t.Tenant> {
    return this.connection.json("POST", `/tenants/${encodeURIComponent(tenant)}/suspend`, { signal });
  }

  /** Let the keys of a suspended tenant in again. */
  async resumeTenant(tenant: string, { signal }: t.Stoppable = {}): Promise<t.Tenant> {
    return this.connection.json("POST", `/tenants/${encodeURIComponent(tenant)}/resume`, { signal });
  }

  /** List the quotas, and how much of each is used. */
  async quotas({ signal }: t.Stoppable = {}): Promise<t.Quotas> {
    return this.connection.json("GET", "/quotas", { signal });
  }

  /** Set what a tenant may use; what is left out is unlimited. */
  async setQuota(tenant: string, quota: t.Quota, { signal }: t.Stoppable = {}): Promise<t.Quota> {
    const path = `/tenants/${encodeURIComponent(tenant)}/quota`;
    return this.connection.json("PUT", path, { body: quota, signal });
  }

  /** Let a page without a key follow a job for 15 minutes. */
  async streamToken(jobId: string, { signal }: t.Stoppable = {}): Promise<t.StreamToken> {
    return this.connection.json("POST", jobPath(jobId, "/stream-token"), { signal });
  }

  /** Return a page of who asked for what, newest first. */
  async access(
    options: { key_id?: string; job_id?: string; limit?: number; cursor?: string } & t.Stoppable = {},
  ): Promise<t.AccessPage> {
    const { signal, ...query } = options;
    return this.connection.json("GET", "/access", { query, signal });
  }

  /** Add up what jobs cost, and get the quotas. */
  async costs(options: { by?: t.Costs["by"]; days?: number } & t.Stoppable = {}): Promise<t.Costs> {
    const { signal, ...query } = options;
    return this.connection.json("GET", "/costs", { query, signal });
  }

  /** Make a webhook endpoint, and show its secret this once. */
  async createWebhook(
    url: string,
    options: Omit<t.NewWebhook, "url"> & t.Stoppable = {},
  ): Promise<t.WebhookWithSecret> {
    const { signal, ...fields } = options;
    return this.post("/webhooks", { url, ...fields }, { signal });
  }

  /** List the webhook endpoints, without secrets. */
  async webhooks({ signal }: t.Stoppable = {}): Promise<t.Webhooks> {
    return this.connection.json("GET", "/webhooks", { signal });
  }

  /** Delete an endpoint, its secret and what waits for it. */
  async deleteWebhook(endpointId: string, { signal }: t.Stoppable = {}): Promise<void> {
    await this.connection.bytes("DELETE", hookPath(endpointId), { signal });
  }

  /** Make a new secret, beside which the old signs for 24 hours. */
  async rotateWebhook(endpointId: string, { signal }: t.Stoppable = {}): Promise<t.WebhookWithSecret> {
    return this.connection.json("POST", hookPath(endpointId, "/rotate"), { signal });
  }

  /** Enable an endpoint that was disabled. */
  async enableWebhook(endpointId: string, { signal }: t.Stoppable = {}): Promise<t.Webhook> {
    return this.connection.json("POST", hookPath(endpointId, "/enable"), { signal });
  }

  /** Get a page of an endpoint's deliveries with their attempts. */
  async webhookDeliveries(endpointId: string, options: t.PageOptions & t.Stoppable = {}): Promise<t.WebhookDeliveries> {
    const { signal, ...query } = options;
    return this.connection.json("GET", hookPath(endpointId, "/deliveries"), { query, signal });
  }

  /** Send a message again, under the same id. */
  async resendWebhook(
    endpointId: string,
    deliveryId: string,
    { signal }: t.Stoppable = {},
  ): Promise<t.WebhookDelivery> {
    const rest = `/deliveries/${encodeURIComponent(deliveryId)}/resend`;
    return this.connection.json("POST", hookPath(endpointId, rest), { signal });
  }

  /** Return the documents that answer a question best, each with its best passage. */
  async searchDocuments(
    query: string,
    options: { limit?: number; collections?: string[] } & t.Stoppable = {},
  ): Promise<t.FoundDocuments> {
    const { limit, collections, signal } = options;
    return this.post("/documents/search", { query, limit, collections }, { signal });
  }

  /** Return how far documents are embedded, to be found by meaning. */
  async documentEmbedding({ signal }: t.Stoppable = {}): Promise<t.DocumentEmbedding> {
    return this.connection.json("GET", "/documents/embedding", { signal });
  }

  /** Return a document by its address. */
  async document(url: string, { signal }: t.Stoppable = {}): Promise<t.Document> {
    return this.connection.json("GET", "/documents/text", { query: { url }, signal });
  }

  /**
   * Iterate over every event after seq `after`, live, until the last. Each comes once.
   *
   * Reconnects after every disconnect and continues where it was. If the database was restored from an
   * older copy, the events start again at `seq` 1.
   */
  stream(jobId: string, options: { after?: number } & t.Stoppable = {}): AsyncGenerator<t.JobEvent, void> {
    const { after = 0, signal } = options;
    const patience = new Patience(this.patienceSeconds, this.url, signal);
    return follow(this.connection, jobPath(jobId, "/stream"), after, patience, signal);
  }

  /** Get a page of the job's events after a seq. The call does not wait for more. */
  async events(jobId: string, options: { after?: number; limit?: number } & t.Stoppable = {}): Promise<t.EventPage> {
    const { signal, ...query } = options;
    const page = await this.connection.json<t.EventPage>("GET", jobPath(jobId, "/events"), { query, signal });
    return { ...page, events: page.events.map(checkedEvent) };
  }

  /** Iterate over the events that the job has now; `stream` also waits for the next ones. */
  async *iterEvents(
    jobId: string,
    { after = 0, signal }: { after?: number } & t.Stoppable = {},
  ): AsyncGenerator<t.JobEvent, void> {
    for (let cursor = after; ; ) {
      const page = await this.events(jobId, { after: cursor, limit: EVENTS_PAGE, signal });
      yield* page.events;
      cursor = page.next_after;
      if (!page.events.length || cursor >= page.head) return;
    }
  }

  /** Get a page of the events of all jobs in one order; `after: "now"` leaves out what has been. */
  async feed(options: FeedOptions & { limit?: number } = {}): Promise<t.FeedPage> {
    const { types, signal, ...rest } = options;
    const query = { ...rest, types: types?.length ? types.join(",") : undefined };
    const page = await this.connection.json<WireFeed>("GET", "/events", { query, signal });
    const events = page.events.map(({ cursor, event }) => ({ ...checkedEvent(event), cursor }));
    return { ...page, events };
  }

  /**
   * Iterate over the events of all jobs after a cursor, until the newest.
   *
   * Keep the `cursor` of the last event that you have dealt with, and pass it as `after` next time.
   */
  async *iterFeed(options: FeedOptions = {}): AsyncGenerator<t.FeedEvent, void> {
    for (let after = options.after; ; ) {
      const page = await this.feed({ ...options, after, limit: EVENTS_PAGE });
      yield* page.events;
      after = page.next_after;
      if (after === page.head) return;
    }
  }

  private post<T>(path: string, body: unknown, { idempotencyKey, signal }: t.Keyed & t.Stoppable): Promise<T> {
    const headers: Record<string, string> = idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
    return this.connection.json("POST", path, { body, headers, signal });
  }
}

export interface FeedOptions extends t.Stoppable {
  /** The `next_after` of the page before; left out: the beginning. */
  after?: string;
  /** Types of events, such as "job_completed"; left out: all. */
  types?: string[];
}

interface WireFeed {
  events: { cursor: string; event: unknown }[];
  next_after: string;
  head: string;
}

function jobPath(jobId: string, rest = ""): string {
  return `/jobs/${encodeURIComponent(jobId)}${rest}`;
}

function hookPath(endpointId: string, rest = ""): string {
  return `/webhooks/${encodeURIComponent(endpointId)}${rest}`;
}
