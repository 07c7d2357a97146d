// Figures and moments, in words.
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

export const count = (n) => number.format(n);
export const few = (n) => compact.format(n);
export const many = (n, one, more = `${one}s`) => `${count(n)} ${n === 1 ? one : more}`;
export const percent = (share) => `${Math.floor(share * 100 + 1e-9)} %`;

export function money(usd) {
  if (usd === null || usd === undefined) return "unknown";
  if (!usd) return "$0";
  return usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(usd < 1 ? 3 : 2)}`;
}

/** What is known to be paid: with a call of unknown price, the least that it can be. */
export function atLeast(known, unknown) {
  if (!unknown) return money(known);
  return known ? `at least ${money(known)}` : "unknown";
}

/** A bill in words: "9 searches, 3 failed tries". A failed try is not a search. */
export const tries = (searches, failed) =>
  [many(searches, "search", "searches"), failed && many(failed, "failed try", "failed tries")]
    .filter(Boolean)
    .join(", ");

export function lasted(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600)
    return `${Math.floor(seconds / 60)} min${seconds % 60 < 1 ? "" : ` ${Math.floor(seconds % 60)} s`}`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return many(Math.floor(seconds / 86400), "day");
}

export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

export const at = (moment) => clock.format(new Date(moment));
export const date = (moment) => day.format(new Date(moment));

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${count(bytes / 1000)} kB` : `${count(bytes / 1e6)} MB`;
}

export function host(url) {
  try {
    const { protocol, hostname, href } = new URL(url);
    return protocol.startsWith("http") ? hostname : href;
  } catch {
    return url;
  }
}

/** Why the research ended; the same sentences as in app/text/report_output.py. */
export const STOPPED = {
  answered: "The question was answered.",
  no_evidence: "The sources that were searched hold nothing that answers the question.",
  budget_reached: "The research stopped early: its budget was used up.",
  max_iterations: "The research stopped early: it reached its last turn.",
  finish_requested: "The research stopped early: the report was wanted at once.",
  deadline: "The research stopped early: its time was up.",
  model_failed: "The language model failed; the report was put together without it.",
  cancelled: "The research was cancelled.",
  error: "The research stopped early because of an error.",
};

/** Instead of `no_evidence`, where nothing was read, and where nothing of it could be used. */
export const NOT_READ = "No page could be read, so the sources say nothing of the question.";
export const UNTIED = "No sentence could be tied to a page that was read.";

/** Who wrote it, where it was not a model; the same sentences as in app/text/report_output.py. */
export const WRITTEN = {
  model: "",
  stand_in: "This text was selected from the pages without the model, which failed.",
  extractive: "Selected from the pages that were read; no language model was used.",
};
