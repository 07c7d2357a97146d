// The job that this page shows, and as of which event.
import { idFromPath } from "./api.js";
import { empty } from "./fold.js";

export const id = idFromPath();

export const page = {
  /** @type {import("./fold.js").LogEvent[]} */
  events: [],
  live: empty(),
  /** @type {import("./fold.js").Job | null} */
  past: null, // the job as it was, while the slider is not at the end
  /** @type {any} */
  came: null, // what the server says of the job: its outcome, and what was done
  /** @type {any[]} */
  presets: [], // the limits of each effort
};

/** What is shown: the job as it is, or as it was. */
export const shown = () => page.past ?? page.live;
export const moment = () => (page.past ? Date.parse(page.past.at) : Date.now());

/** What the job is asked: of a follow-up, its own question. */
export const question = () => page.live.instruction || page.live.request?.query || "";

/** What came of it: the log of an older version does not say, so the server is asked. */
export const outcomeOf = (run) => run.outcome ?? (run.seq === page.live.seq ? page.came?.outcome : null);
