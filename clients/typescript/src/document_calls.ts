/** Calls about documents, and about workers and their queue. */

import { Connection, type ConnectionOptions } from "./connection.js";
import { StillRunning } from "./errors.js";
import { pause, TimeLimit } from "./time_limit.js";
import type * as t from "./types.js";

const UPLOAD = 300_000; // milliseconds for a file
const DOCUMENTS_PAGE = 100;
const FIRST_LOOK = 200; // milliseconds until a file is looked at again
const LAST_LOOK = 5_000;

/** The text or the file of a document, and what is said of it. */
export interface DocumentOptions extends Omit<t.NewDocument, "url">, t.Stoppable {
  /** Instead of a text, such as the File of a form. */
  file?: Blob;
  /** The file's name, whose ending tells its format; that of a File is known. */
  name?: string;
}

export interface DocumentFilter extends t.Stoppable {
  url_prefix?: string;
  collection?: string;
}

/** The part of the client that is about documents and workers. */
export class DocumentCalls {
  protected readonly connection: Connection;

  constructor(options: ConnectionOptions) {
    this.connection = new Connection(options);
  }

  /** Add a document: a text, or a file. */
  async addDocument(options: DocumentOptions & { url?: string }): Promise<t.AddedDocuments> {
    return this.put("POST", "/documents", options);
  }

  /** Have a worker read a file, a text or a page, without waiting for that. */
  async submitDocument(options: DocumentOptions & { url?: string }): Promise<t.Ingestion> {
    return this.put("POST", "/documents", options, { Prefer: "respond-async" });
  }

  /** Return how far a file is. */
  async ingestion(ingestionId: string, { signal }: t.Stoppable = {}): Promise<t.Ingestion> {
    return this.connection.json("GET", `/ingestions/${encodeURIComponent(ingestionId)}`, { signal });
  }

  /** Get a page of the files that were sent so, the newest first. */
  async ingestions({ signal, ...query }: t.PageOptions & t.Stoppable = {}): Promise<t.IngestionPage> {
    return this.connection.json("GET", "/ingestions", { query, signal });
  }

  /** Cancel a file; what is stored of it stays. */
  async cancelIngestion(ingestionId: string, { signal }: t.Stoppable = {}): Promise<t.Ingestion> {
    return this.connection.json("DELETE", `/ingestions/${encodeURIComponent(ingestionId)}`, { signal });
  }

  /** Wait until a file is read, and return what became of it. Throws StillRunning after `timeoutSeconds`. */
  async ingested(ingestionId: string, options: { timeoutSeconds?: number } & t.Stoppable = {}): Promise<t.Ingestion> {
    const { timeoutSeconds = 3600, signal } = options;
    const late = (): Error => new StillRunning(`File ${ingestionId} was not read after ${timeoutSeconds} s.`);
    const limit = new TimeLimit(signal, timeoutSeconds * 1000, late);
    try {
      for (let wait = FIRST_LOOK; ; wait = Math.min(2 * wait, LAST_LOOK)) {
        const found = await this.ingestion(ingestionId, { signal: limit.signal });
        if (found.status !== "pending" && found.status !== "running") return found;
        await pause(wait, limit.signal);
      }
    } finally {
      limit.end();
    }
  }

  /** Replace a document, whose address stays. Without a file and a text its text stays too. */
  async replaceDocument(documentId: number, options: DocumentOptions): Promise<t.AddedDocuments> {
    return this.put("PUT", `/documents/${encodeURIComponent(documentId)}`, options);
  }

  /** Have a worker replace a document by a file, a text or the page at `url`; its address stays. */
  async submitReplacement(documentId: number, options: DocumentOptions & { url?: string }): Promise<t.Ingestion> {
    return this.put("PUT", `/documents/${encodeURIComponent(documentId)}`, options, { Prefer: "respond-async" });
  }

  /** Get a page of documents by their addresses, without texts; `iterDocuments` walks all pages. */
  async documents({ signal, ...query }: DocumentFilter & t.PageOptions = {}): Promise<t.DocumentPage> {
    return this.connection.json("GET", "/documents", { query, signal });
  }

  /** Iterate over all documents by their addresses. */
  async *iterDocuments(filter: DocumentFilter = {}): AsyncGenerator<t.ListedDocument, void> {
    let cursor: string | undefined;
    do {
      const page: t.DocumentPage = await this.documents({ limit: DOCUMENTS_PAGE, ...filter, cursor });
      yield* page.documents;
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
  }

  /** Return what is known of a document, without its text. */
  async getDocument(documentId: number, { signal }: t.Stoppable = {}): Promise<t.ListedDocument> {
    return this.connection.json("GET", `/documents/${encodeURIComponent(documentId)}`, { signal });
  }

  /** Return a document with its text, in which form feeds part pages. */
  async documentText(documentId: number, { signal }: t.Stoppable = {}): Promise<t.Document> {
    return this.connection.json("GET", `/documents/${encodeURIComponent(documentId)}/text`, { signal });
  }

  /** Return the file of a document. */
  async documentOriginal(documentId: number, { signal }: t.Stoppable = {}): Promise<Uint8Array> {
    return this.connection.bytes("GET", `/documents/${encodeURIComponent(documentId)}/original`, {
      limit: UPLOAD,
      signal,
    });
  }

  /** Delete a document and its file. */
  async deleteDocument(documentId: number, { signal }: t.Stoppable = {}): Promise<void> {
    await this.connection.bytes("DELETE", `/documents/${encodeURIComponent(documentId)}`, { signal });
  }

  /** List the workers that beat within the last hour. */
  async workers({ signal }: t.Stoppable = {}): Promise<t.Workers> {
    return this.connection.json("GET", "/workers", { signal });
  }

  /** Return what waits, by priority and in the order of claims. */
  async queue({ signal }: t.Stoppable = {}): Promise<t.Queue> {
    return this.connection.json("GET", "/queue", { signal });
  }

  /** Let all workers, or one, claim no more jobs. */
  async pauseWorkers(name?: string, { signal }: t.Stoppable = {}): Promise<t.Workers> {
    return this.connection.json("POST", workerPath("/pause", name), { signal });
  }

  /** Let all workers, or one, claim jobs again. */
  async resumeWorkers(name?: string, { signal }: t.Stoppable = {}): Promise<t.Workers> {
    return this.connection.json("POST", workerPath("/resume", name), { signal });
  }

  /** Let one worker hand its jobs back and stop. */
  async drainWorker(name: string, { signal }: t.Stoppable = {}): Promise<t.Workers> {
    return this.connection.json("POST", workerPath("/drain", name), { signal });
  }

  private put<T>(
    method: string,
    path: string,
    options: DocumentOptions & { url?: string },
    headers?: Record<string, string>,
  ): Promise<T> {
    const { file, name, signal, ...fields } = options;
    const body = file ? formOf(file, name, fields) : fields;
    return this.connection.json(method, path, { body, headers, limit: UPLOAD, signal });
  }
}

function formOf(file: Blob, name: string | undefined, fields: Record<string, unknown>): FormData {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) {
    if (key === "metadata") form.append(key, JSON.stringify(value));
    else for (const one of Array.isArray(value) ? value : [value]) if (one) form.append(key, String(one));
  }
  form.append("file", file, name ?? (file instanceof File ? file.name : "document"));
  return form;
}

function workerPath(rest: string, name?: string): string {
  return name ? `/workers/${encodeURIComponent(name)}${rest}` : `/workers${rest}`;
}
