// A job's events, each once and in order, over any number of connections.
import { Away, api, Problem } from "./api.js";
import { t } from "./language.js";

const CHECKED_MS = 5000; // how often the server is asked whether its database answers
const NAMES = ["job_progress", "job_input_required", "job_complete", "job_failed", "job_cancelled"];

/**
 * Read a job from its beginning, in pages, then follow it live.
 *
 * `on` hears: events(list) in order, without gaps or repeats; forget() when the log was set back;
 * connection(state, cursor) with state "loading", "live", "away" (the
 * server answers, its database does not), "lost" or "over"; failed(error) for good.
 */
export class Follower {
  /**
   * @param {string} id
   * @param {{ events(list: import("./fold.js").LogEvent[]): void, forget(): void,
   *   connection(state: "loading" | "live" | "away" | "lost" | "over", cursor: number): void,
   *   failed(error: Error): void }} on
   */
  constructor(id, on) {
    this.id = id;
    this.on = on;
    this.cursor = 0;
    this.stream = /** @type {EventSource | null} */ (null);
    this.tries = 0;
    this.over = false;
    this.timer = 0;
    // EventSource does not notice a network that came back, nor a machine that slept.
    addEventListener("online", () => this.reopen());
    addEventListener("pageshow", (event) => event.persisted && this.reopen());
    addEventListener("pagehide", () => this.stream?.close());
    setInterval(() => this.check(), CHECKED_MS);
  }

  async start() {
    this.on.connection("loading", this.cursor);
    try {
      for (let page; !page || page.next_after < page.head; ) {
        page = await api.events(this.id, this.cursor);
        this.take(page.events);
        if (!page.events.length) break;
      }
    } catch (error) {
      if (error instanceof Problem && error.status < 500 && error.status !== 429) return this.on.failed(error);
      return this.later();
    }
    this.open();
  }

  take(events) {
    const fresh = events.filter((event) => event.seq > this.cursor);
    if (!fresh.length) return;
    if (fresh[0].seq !== this.cursor + 1) throw new Away(t("An event is missing."));
    this.cursor = fresh.at(-1).seq;
    this.over = NAMES.slice(2).includes({ job_completed: "job_complete" }[fresh.at(-1).type] ?? fresh.at(-1).type);
    this.on.events(fresh);
  }

  open() {
    this.stream?.close();
    if (this.over) return this.on.connection("over", this.cursor);
    const stream = new EventSource(api.streamUrl(this.id, this.cursor));
    this.stream = stream;
    stream.addEventListener("hello", () => {
      this.tries = 0;
      this.on.connection("live", this.cursor);
    });
    for (const name of NAMES) stream.addEventListener(name, (frame) => this.hear(JSON.parse(frame.data)));
    stream.addEventListener("reset", () => {
      this.cursor = 0;
      this.on.forget();
    });
    stream.addEventListener("reconnect", () => this.on.connection("lost", this.cursor));
    stream.addEventListener("end", () => this.finish());
    stream.addEventListener("error", () => {
      if (stream !== this.stream) return;
      if (this.over) return this.finish();
      this.on.connection("lost", this.cursor);
      if (stream.readyState === EventSource.CLOSED) this.later();
    });
  }

  /** An open stream says nothing of the database behind the server. */
  async check() {
    if (this.over || document.hidden || this.stream?.readyState !== EventSource.OPEN) return;
    const isAway = await api.isDatabaseAway().catch(() => null); // null: the stream itself will break
    if (isAway !== null && !this.over && this.stream?.readyState === EventSource.OPEN)
      this.on.connection(isAway ? "away" : "live", this.cursor);
  }

  hear(event) {
    try {
      this.take([event]);
    } catch {
      this.stream?.close();
      this.later();
      return;
    }
    if (this.over) this.finish();
  }

  finish() {
    this.stream?.close();
    this.over = true;
    this.on.connection("over", this.cursor);
  }

  reopen() {
    if (!this.over && this.cursor && this.stream?.readyState !== EventSource.OPEN) this.open();
  }

  later() {
    this.on.connection("lost", this.cursor);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), Math.min(15000, 1000 * 2 ** this.tries++) * (0.75 + Math.random() / 2));
  }
}
