/** Parsing server-sent events as the HTML standard does. */

const MAX_FRAME = 16 * 1024 * 1024; // characters; the longest report with its claims is well below a tenth of it
const RETRY = /^\d{1,9}$/; // milliseconds; at most eleven days
const LINE_END = /\r\n|\r|\n/g;

/** One event of the stream. */
export interface SseFrame {
  /** "message" if it has no name. */
  event: string;
  data: string;
  /** Its own; undefined if it has none, whatever came before. */
  id: string | undefined;
}

/** Turns text into complete frames as it arrives: a frame that no blank line closes does not exist. */
export class SseParser {
  /** The newest reconnection time. */
  retryMs: number | undefined;
  private begun: string[] = []; // pieces of a line that has not ended
  private afterCr = false; // the last character was a CR: an LF that follows belongs to it
  private size = 0;
  private event = "";
  private id: string | undefined;
  private data: string[] = [];

  /** Return the frames that this text completes. Throws RangeError if one is too long. */
  feed(text: string): SseFrame[] {
    const chunk = this.afterCr && text.startsWith("\n") ? text.slice(1) : text;
    if (text) this.afterCr = chunk.endsWith("\r");
    const frames: SseFrame[] = [];
    let start = 0;
    for (const end of chunk.matchAll(LINE_END)) {
      this.grow(chunk.slice(start, end.index));
      start = end.index + end[0].length;
      const frame = this.line(this.begun.join(""));
      this.begun = [];
      if (frame) frames.push(frame);
    }
    this.grow(chunk.slice(start));
    return frames;
  }

  private grow(piece: string): void {
    if (piece) this.begun.push(piece);
    this.size += piece.length;
    if (this.size > MAX_FRAME) throw new RangeError(`A frame is longer than ${MAX_FRAME} characters.`);
  }

  private line(line: string): SseFrame | undefined {
    if (!line) return this.dispatch();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else this.size -= line.length; // only what is kept counts
    if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.id = value;
    else if (name === "retry" && RETRY.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  /** Complete a frame at a blank line. An id without data is not a frame. */
  private dispatch(): SseFrame | undefined {
    const frame = this.data.length
      ? { event: this.event || "message", data: this.data.join("\n"), id: this.id }
      : undefined;
    this.event = "";
    this.id = undefined;
    this.data = [];
    this.size = 0;
    return frame;
  }
}
