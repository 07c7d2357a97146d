/** Events as a reader gets them. */

import { StreamBroken } from "./errors.js";
import type { JobEvent, Status } from "./types.js";

const OVER: ReadonlySet<Status> = new Set<Status>(["completed", "failed", "cancelled"]);

/** True once nothing more happens to a job of this status. */
export function isOver(status: Status): boolean {
  return OVER.has(status);
}

/** True for the terminal event. */
export function isLast(event: JobEvent): boolean {
  return isOver(event.status);
}

/** Read a line of the log. Throws StreamBroken if it is not an event. */
export function jobEvent(line: string): JobEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new StreamBroken(`Cannot read an event: ${String(error)}`, { cause: error });
  }
  return { ...checkedEvent(parsed), line };
}

/** Return an event of a page, whose bytes are not at hand any more. */
export function checkedEvent(parsed: unknown): JobEvent {
  const { job_id, seq, type, status, progress, at, data } = (parsed ?? {}) as Record<string, unknown>;
  const words = [job_id, type, status, at].every((word) => typeof word === "string");
  if (!words || !Number.isInteger(seq) || typeof progress !== "number" || typeof data !== "object" || !data) {
    throw new StreamBroken(`Cannot read an event: ${JSON.stringify(parsed)?.slice(0, 100)} is none.`);
  }
  return { job_id, seq, type, status, progress, at, data } as JobEvent;
}
