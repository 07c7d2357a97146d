/** Following one job across disconnects, each event once and in order. */

import { type Connection, Disconnected } from "./connection.js";
import { ApiError, StreamBroken } from "./errors.js";
import { isLast, jobEvent } from "./events.js";
import type { Patience } from "./patience.js";
import { type SseFrame, SseParser } from "./sse_parser.js";
import type { JobEvent } from "./types.js";

const BUSY = new Set([429, 500, 502, 503, 504]); // a server or a proxy that may recover in a moment

/** How far the reader has come. */
interface Place {
  cursor: number; // seq of the last event it has
  over: boolean;
  toldToLeave: boolean; // the server wants this reader to come back later
}

/**
 * Yield every event after `after`, each once.
 *
 * If the cursor is beyond the log (the database was restored from an older copy), the server resets
 * it, and the events come again from the first one: `seq` 1 after a higher one.
 */
export async function* follow(
  connection: Connection,
  path: string,
  after: number,
  patience: Patience,
  signal?: AbortSignal,
): AsyncGenerator<JobEvent, void> {
  const place: Place = { cursor: after, over: false, toldToLeave: false };
  while (!place.over) {
    let why = "the connection was closed";
    let atLeast: number | undefined;
    try {
      yield* read(connection, path, place, patience, signal);
    } catch (error) {
      if (error instanceof ApiError && BUSY.has(error.status)) atLeast = error.retryAfter;
      else if (!(error instanceof Disconnected)) throw error;
      why = error.message;
    }
    if (place.toldToLeave) await patience.waitAsTold();
    else if (!place.over) await patience.wait(why, atLeast);
  }
}

/** Yield the events of one connection and move the place. */
async function* read(
  connection: Connection,
  path: string,
  place: Place,
  patience: Patience,
  signal?: AbortSignal,
): AsyncGenerator<JobEvent, void> {
  place.toldToLeave = false;
  const headers: Record<string, string> = place.cursor ? { "Last-Event-ID": String(place.cursor) } : {};
  const parser = new SseParser();
  const chunks = connection.stream(path, headers, signal);
  try {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done) {
        place.over = !value; // 204: the log has ended, and the reader has all of it
        return;
      }
      const frames = framesOf(parser, value);
      patience.heard(parser.retryMs);
      for (const frame of frames) {
        const event = take(frame, place);
        if (event) yield event;
        if (place.over || place.toldToLeave) return;
      }
    }
  } finally {
    await chunks.return(true);
  }
}

function framesOf(parser: SseParser, text: string): SseFrame[] {
  try {
    return parser.feed(text);
  } catch (error) {
    throw new StreamBroken(String(error), { cause: error });
  }
}

/** Act on a frame. Only events carry an id, and unknown control frames are passed over. */
function take(frame: SseFrame, place: Place): JobEvent | undefined {
  if (frame.id !== undefined) return move(jobEvent(frame.data), place);
  if (frame.event === "reset") place.cursor = 0;
  else if (frame.event === "reconnect") place.toldToLeave = true;
  else if (frame.event === "end") place.over = true;
  return undefined;
}

function move(event: JobEvent, place: Place): JobEvent {
  if (event.seq !== place.cursor + 1) {
    throw new StreamBroken(`Event ${event.seq} came after event ${place.cursor}: the stream is not the log.`);
  }
  place.cursor = event.seq;
  place.over = isLast(event);
  return event;
}
