/** Signals that end what takes too long. */

/** A signal that aborts with the outer one, or once its time is over. */
export class TimeLimit {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `why` makes the reason of the abort; without milliseconds only the outer signal counts. */
  constructor(
    private readonly outer: AbortSignal | undefined,
    private readonly milliseconds: number | undefined,
    private readonly why: () => Error,
  ) {
    if (outer?.aborted) this.follow();
    outer?.addEventListener("abort", this.follow);
    this.restart();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Give it the whole time again. */
  restart(): void {
    clearTimeout(this.timer);
    if (this.milliseconds !== undefined) {
      this.timer = setTimeout(() => this.controller.abort(this.why()), this.milliseconds);
    }
  }

  /** End the timer, and what still uses the signal. */
  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener("abort", this.follow);
    this.controller.abort(this.why());
  }

  private readonly follow = (): void => this.controller.abort(this.outer?.reason);
}

/** Sleep, unless the signal aborts: then its reason is thrown. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
