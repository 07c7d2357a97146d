/** Errors, named by what the caller does next. */

import type { FieldError, JobView } from "./types.js";

/** Base of all errors that this client raises on purpose. */
export class DossierError extends Error {
  override name = "DossierError";
}

/** The URL of the server is not an http or https URL: correct it. */
export class BadUrl extends DossierError {
  override name = "BadUrl";
}

/** The server refused the request (RFC 9457 problem details): branch on `code`. */
export class ApiError extends DossierError {
  override name = "ApiError";

  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** The stable code to branch on, such as "job_not_found". */
    readonly code: string,
    /** The server's sentence. */
    readonly detail: string,
    /** The fields that were refused, each with a message. */
    readonly errors: readonly FieldError[] = [],
    /** Seconds to wait before the next try, if the server named them. */
    readonly retryAfter?: number,
  ) {
    super(sentence(detail, errors));
  }
}

/** The server did not answer, or was silent for longer than the client's patience. */
export class NoContact extends DossierError {
  override name = "NoContact";
}

/** The job failed or was cancelled; `job` is its last state. */
export class NoResult extends DossierError {
  override name = "NoResult";

  constructor(readonly job: JobView) {
    super(`Job ${job.job_id} is ${job.status}${job.error ? `: ${job.error.error_message}` : "."}`);
  }
}

/** The job was not over in time. It continues: wait longer, or cancel it. */
export class StillRunning extends DossierError {
  override name = "StillRunning";
}

/** An event is missing, repeated or unreadable, or the answer is not Dossier's: report it. */
export class StreamBroken extends DossierError {
  override name = "StreamBroken";
}

const MAX_DETAIL = 300; // characters of an answer that is not a problem document

/** Make the error of an answer that is not a success. */
export function apiError(response: Response, body: string): ApiError {
  const problem = problemOf(body);
  const detail = problem.detail || problem.title || `The server answered ${response.status}.`;
  return new ApiError(response.status, problem.code ?? "http_error", detail, problem.errors ?? [], delay(response));
}

interface Problem {
  detail?: string;
  title?: string;
  code?: string;
  errors?: FieldError[];
}

function problemOf(body: string): Problem {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) return parsed as Problem;
  } catch {
    // A proxy's page, not a problem document.
  }
  return { detail: body.slice(0, MAX_DETAIL).trim() };
}

function delay(response: Response): number | undefined {
  const text = response.headers.get("retry-after") ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Add the refused fields that the detail does not name. */
function sentence(detail: string, errors: readonly FieldError[]): string {
  const fields = errors.map((error) => error.field).filter((field) => !detail.includes(field));
  return fields.length ? `${detail} (${fields.join(", ")})` : detail;
}
