/** When to reconnect, and when to give up. */

import { NoContact } from "./errors.js";
import { pause } from "./time_limit.js";

/** Milliseconds, but for `jitter`, which is the share that is added to the server's delay. */
export const PACE = {
  retry: 1000, // until the server names another delay
  shortest: 100, // no hot loop,
  longest: 30_000, // and no wait without end
  backOff: 10_000,
  jitter: 0.25, // so that readers do not reconnect all at once
};

/** Counts failed attempts since the last contact. */
export class Patience {
  private lostAt: number | undefined; // when the first attempt failed; a slow reader loses nothing
  private failures = 0;
  private retry = PACE.retry;

  constructor(
    private readonly seconds: number,
    private readonly url: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** Note contact, and the delay that the server asked for. */
  heard(retryMs?: number): void {
    this.lostAt = undefined;
    this.failures = 0;
    if (retryMs !== undefined) this.retry = Math.min(PACE.longest, Math.max(PACE.shortest, retryMs));
  }

  /** Wait as long as the server asked for, plus jitter. */
  async waitAsTold(): Promise<void> {
    await this.sleep(this.retry * (1 + Math.random() * PACE.jitter));
  }

  /** Wait after a failure: exponential, with full jitter. Throws NoContact once patience is over. */
  async wait(why: string, atLeastSeconds = 0): Promise<void> {
    this.lostAt ??= performance.now();
    const longest = Math.min(PACE.backOff, this.retry * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 16); // bounded, so that the power stays finite
    if (this.left() <= 0) {
      throw new NoContact(`No contact with ${this.url} for ${this.seconds} s (${why}).`);
    }
    await this.sleep(Math.max(atLeastSeconds * 1000, Math.random() * longest));
  }

  private async sleep(milliseconds: number): Promise<void> {
    await pause(Math.max(0, Math.min(milliseconds, this.left())), this.signal);
  }

  private left(): number {
    return this.seconds * 1000 - (this.lostAt === undefined ? 0 : performance.now() - this.lostAt);
  }
}
