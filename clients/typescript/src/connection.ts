/** Requests to one server, with its key and with time limits. */

import { apiError, BadUrl, NoContact, StreamBroken } from "./errors.js";
import { TimeLimit } from "./time_limit.js";

const DEFAULT_URL = "http://127.0.0.1:8000";
const USUAL = 60_000; // milliseconds for an answer
const SILENCE = 45_000; // the server sends a heartbeat every 15 s; three are missing then

export interface ConnectionOptions {
  /** Such as "https://dossier.example.com". The default is DOSSIER_URL in Node, else port 8000 of this machine. */
  url?: string;
  /** Such as "dsk_…". The default is DOSSIER_API_KEY in Node. A page that others load must not hold one. */
  apiKey?: string;
  /** Sends the requests in place of the global `fetch`, for credentials or a proxy of your own. */
  fetch?: typeof fetch;
}

export interface Question {
  query?: Record<string, unknown>;
  body?: unknown;
  headers?: Record<string, string>;
  /** Milliseconds, in place of a minute. */
  limit?: number;
  signal?: AbortSignal;
}

/** The connection ended before its answer did: it may be tried again. */
export class Disconnected extends Error {}

/** A server's address, and how to reach it. */
export class Connection {
  readonly url: string;
  private readonly apiKey: string | undefined;
  private readonly send: typeof fetch;

  constructor(options: ConnectionOptions) {
    this.url = checked(options.url ?? environment("DOSSIER_URL") ?? DEFAULT_URL);
    this.apiKey = options.apiKey ?? environment("DOSSIER_API_KEY");
    this.send = options.fetch ?? ((address, init) => fetch(address, init));
  }

  /** Return the answer's JSON. */
  async json<T>(method: string, path: string, question: Question = {}): Promise<T> {
    const text = await this.text(method, path, question);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new StreamBroken(`${this.url}${path} did not return JSON.`, { cause: error });
    }
  }

  /** Return the answer's text. */
  async text(method: string, path: string, question: Question = {}): Promise<string> {
    return new TextDecoder().decode(await this.bytes(method, path, question));
  }

  /** Return the answer's body. Throws ApiError if the server refuses, NoContact if none answers. */
  async bytes(method: string, path: string, question: Question = {}): Promise<Uint8Array> {
    const milliseconds = question.limit ?? USUAL;
    const late = (): Error => new Disconnected(`no answer for ${milliseconds / 1000} s`);
    const limit = new TimeLimit(question.signal, milliseconds, late);
    try {
      const response = await lost(this.request(method, path, question, limit.signal), question.signal);
      const body = await lost(response.arrayBuffer(), question.signal);
      if (response.ok) return new Uint8Array(body);
      throw apiError(response, new TextDecoder().decode(body));
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
      throw new NoContact(`No Dossier server answers at ${this.url} (${error.message}).`, { cause: error });
    } finally {
      limit.end();
    }
  }

  /** Yield the text of an event stream as it arrives; nothing if there is no more to come (204). */
  async *stream(path: string, headers: Record<string, string>, signal?: AbortSignal): AsyncGenerator<string, boolean> {
    const silent = (): Error => new Disconnected(`silence for ${SILENCE / 1000} s`);
    const limit = new TimeLimit(signal, SILENCE, silent);
    try {
      const question = { headers: { Accept: "text/event-stream", ...headers } };
      const response = await lost(this.request("GET", path, question, limit.signal), signal);
      if (response.status === 204) return false;
      if (response.status !== 200) throw apiError(response, await lost(response.text(), signal));
      const kind = response.headers.get("content-type") ?? "an untyped body";
      if (!kind.startsWith("text/event-stream") || !response.body) {
        throw new StreamBroken(`${this.url}${path} returned ${kind} instead of an event stream.`);
      }
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await lost(reader.read(), signal);
        if (done) return true;
        limit.restart();
        yield decoder.decode(value, { stream: true });
      }
    } finally {
      limit.end();
    }
  }

  private request(method: string, path: string, question: Question, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { ...question.headers };
    if (this.apiKey) headers.Authorization = `Bearer ${this.apiKey}`;
    const init: RequestInit = { method, headers, signal, redirect: "error", cache: "no-store" };
    if (question.body !== undefined) {
      const isForm = question.body instanceof FormData; // fetch names its boundary
      if (!isForm) headers["Content-Type"] = "application/json";
      init.body = isForm ? (question.body as FormData) : JSON.stringify(question.body);
    }
    return this.send(this.url + path + encoded(question.query), init);
  }
}

/** Await a step of a connection; its failure is a Disconnected, or the reason of the caller's signal. */
async function lost<T>(step: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await step;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof Disconnected ? error : new Disconnected(reason(error), { cause: error });
  }
}

/** Node says "fetch failed", and why in the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return cause ? `${error.message}: ${cause}` : error.message;
}

function encoded(query: Record<string, unknown> = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== undefined && one !== null)
      .map((one) => [name, one instanceof Date ? one.toISOString() : String(one)]),
  );
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

function checked(url: string): string {
  let parts: URL;
  try {
    parts = new URL(url);
  } catch (error) {
    throw new BadUrl(`${JSON.stringify(url)} is not a URL.`, { cause: error });
  }
  if (parts.protocol !== "http:" && parts.protocol !== "https:") {
    throw new BadUrl(`${JSON.stringify(url)} is not a server URL; expected e.g. ${DEFAULT_URL}.`);
  }
  return url.replace(/\/+$/, "");
}

/** A variable of Node's environment; browsers have none. */
function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}
