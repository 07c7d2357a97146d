/** What the server takes and says, by name. The types themselves are generated from the server's /schema. */

import type { EventData } from "./event_data.js";
import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type AddedDocuments = Schemas["AddedDocuments"];
export type Answers = Schemas["Answers"];
export type Cancelled = Schemas["Cancelled"];
export type Capabilities = Schemas["Capabilities"];
export type Changes = Schemas["Changes"];
export type Claim = Schemas["Claim"];
export type Claims = Schemas["Claims"];
export type Costs = Schemas["Costs"];
export type Created = Schemas["Created"];
export type Diff = Schemas["Diff"];
export type DocumentPage = Schemas["DocumentPage"];
export type Document = Schemas["Document"];
export type Estimate = Schemas["Estimate"];
export type FieldError = Schemas["InvalidField"];
export type DocumentEmbedding = Schemas["DocumentEmbedding"];
export type FoundDocuments = Schemas["FoundDocuments"];
export type JobView = Schemas["JobView"];
export type Jobs = Schemas["Jobs"];
export type Ingestion = Schemas["Ingestion"];
export type IngestionPage = Schemas["IngestionPage"];
export type ListedDocument = Schemas["ListedDocument"];
export type Library = Schemas["Library"];
export type Limits = Schemas["Limits"];
export type Mark = Schemas["Mark"];
export type MarkChange = Schemas["MarkChange"];
export type NewFilter = Schemas["NewFilter"];
export type SavedFilter = Schemas["SavedFilter"];
export type NewJob = Schemas["NewJob"];
export type NewDocument = Schemas["NewDocument"];
export type Keys = Schemas["Keys"];
export type KeyWithSecret = Schemas["KeyWithSecret"];
export type NewKey = Schemas["NewKey"];
export type NewProviderKey = Schemas["NewProviderKey"];
export type ProviderKey = Schemas["ProviderKey"];
export type ProviderKeys = Schemas["ProviderKeys"];
export type NewShare = Schemas["NewShare"];
export type AccessPage = Schemas["AccessPage"];
export type Quota = Schemas["Quota"];
export type Quotas = Schemas["Quotas"];
export type Tenant = Schemas["Tenant"];
export type Tenants = Schemas["Tenants"];
export type StreamToken = Schemas["StreamToken"];
export type Shares = Schemas["Shares"];
export type ShareWithUrl = Schemas["ShareWithUrl"];
export type NewWebhook = Schemas["NewWebhook"];
export type Queue = Schemas["Queue"];
export type Replayed = Schemas["Replayed"];
export type ResearchRequest = Schemas["ResearchRequest"];
export type Result = Schemas["Result"];
export type Sources = Schemas["Sources"];
export type Workers = Schemas["Workers"];
export type Webhook = Schemas["Webhook"];
export type WebhookDeliveries = Schemas["WebhookDeliveries"];
export type WebhookDelivery = Schemas["WebhookDelivery"];
export type Webhooks = Schemas["Webhooks"];
export type WebhookWithSecret = Schemas["WebhookWithSecret"];

export type Status = JobView["status"];
export type Outcome = NonNullable<JobView["outcome"]>;
export type ReportFormat = "md" | "html" | "json" | "bib" | "csl";

/** An event of one type, with the data of that type. */
export interface EventOf<Type extends keyof EventData> {
  job_id: string;
  /** 1, 2, 3 … without a gap. */
  seq: number;
  type: Type;
  /** Of the job after this event. */
  status: Status;
  /** 0 to 100. */
  progress: number;
  /** When, in UTC: such as "2026-11-23T16:22:30.123456Z". */
  at: string;
  data: EventData[Type];
  /** Its JSON exactly as it is stored and hashed; only in a stream. */
  line?: string;
}

/** An event's type, as this client knows them. */
export type EventType = keyof EventData;

/**
 * One event of a job's log; `type` says what its `data` is.
 *
 * A newer server may send types and fields that are not here: pass over what you do not know.
 */
export type JobEvent = { [Type in EventType]: EventOf<Type> }[EventType];

/** One event of the feed; `cursor` continues after it. */
export type FeedEvent = JobEvent & { cursor: string };

/** Some events after a cursor. `head` is the seq of the newest one. */
export interface EventPage {
  events: JobEvent[];
  next_after: number;
  head: number;
}

/** Some events of all jobs after a cursor. `next_after` equals `head` once there are no more for now. */
export interface FeedPage {
  events: FeedEvent[];
  next_after: string;
  head: string;
}

/** Every call takes a signal that ends it. */
export interface Stoppable {
  signal?: AbortSignal;
}

export interface Keyed {
  /** 1 to 255 characters. Repeating a call with the same key and fields returns the same job. */
  idempotencyKey?: string;
}

/** What is estimated, beside the question. */
export interface EstimateOptions extends Omit<ResearchRequest, "query">, Stoppable {}

/** The fields of a new job beside its question. */
export interface SubmitOptions extends Omit<NewJob, "query">, Keyed, Stoppable {}

/** What the fork changes; a field that you leave out stays the origin's. */
export interface ForkOptions extends Changes, Keyed, Stoppable {
  /** The seq of the origin's last event that counts; left out: its newest. */
  after?: number;
  /** Where the new job's questions and its end are posted. */
  callback_url?: string;
}

/** Which jobs; they match all that is given. */
export interface JobFilter extends Stoppable {
  /** Words of the note, or of the question or report of jobs that are over, in any language. */
  search?: string;
  status?: Status;
  outcome?: Outcome;
  tags?: string[];
  /** What the ids begin with. */
  id_prefix?: string;
  created_after?: Date | string;
  /** It is not included. */
  created_before?: Date | string;
  /** In US dollars, of completed jobs whose cost is known. */
  min_cost?: number;
  max_cost?: number;
  /** The job whose forks are wanted. */
  forked_from?: string;
  /** A job: its first origin, and all forks of that. */
  family?: string;
  /** True for favourites alone. */
  favourite?: boolean;
  collection?: string;
  /** "newest" if it is left out; by cost, of the jobs that have a known one. */
  sort?: "newest" | "oldest" | "costliest" | "cheapest";
}

export interface PageOptions {
  limit?: number;
  /** The `next_cursor` of the page before. */
  cursor?: string;
}
