// Figures and moments, in words.
import { language, plural, t } from "./language.js";
export const region = language === "en" ? "en-GB" : language; // 31 Dec 2026, 23:59
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(region, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(region, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

const point = number.formatToParts(1.5).find((part) => part.type === "decimal")?.value ?? ".";
/** @param {string} digits */
const inDigits = (digits) => digits.replace(".", point);

export const count = (n) => number.format(n);
export const few = (n) => compact.format(n);
export const many = (n, one, more = `${one}s`) => `${count(n)} ${plural(n, one, more)}`;
export const percent = (share) => `${Math.floor(share * 100 + 1e-9)} %`;

export function money(usd) {
  if (usd === null || usd === undefined) return t("unknown");
  if (!usd) return "$0";
  const digits = usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(usd < 1 ? 3 : 2);
  return `$${inDigits(digits)}`;
}

/** What is known to be paid: with a call of unknown price, the least that it can be. */
export function atLeast(known, unknown) {
  if (!unknown) return money(known);
  return known ? t`at least ${money(known)}` : t("unknown");
}

/** A bill in words: "9 searches, 3 failed tries". A failed try is not a search. */
export const tries = (searches, failed) =>
  [many(searches, "search", "searches"), failed && many(failed, "failed try", "failed tries")]
    .filter(Boolean)
    .join(", ");

/**
 * Why a page was read and not used.
 * @param {{ cause: string, wanted: string, published?: string, language?: string }} page
 */
export function asideInWords({ cause, wanted, published = "", language = "" }) {
  if (cause === "too_early") return t`published ${published}, before ${wanted}`;
  if (cause === "too_late") return t`published ${published}, after ${wanted}`;
  return t`in the language ${language}, not in ${wanted}`;
}

const ASIDE = /^published (\S+), (before|after) (\S+)$|^in the language (\S+), not in (\S+)$/;

/** The same of the sentence that the server says. @param {string} reason @returns {string} */
export function asideSaid(reason) {
  const [, published, side, day, language, wanted] = ASIDE.exec(reason) ?? [];
  if (published) return asideInWords({ cause: side === "before" ? "too_early" : "too_late", wanted: day, published });
  return language ? asideInWords({ cause: "other_language", wanted, language }) : reason;
}

const COUNTED = [
  /(\d+) of (\d+) search(?:es)? failed/,
  /(\d+) search(?:es)?/,
  /(\d+) pages? found/,
  /(\d+) read(?: \((\d+) could not be read\))?/,
  /(\d+) set aside/,
  /nothing was searched for|no page found|none could be read|none read/,
];
const WORK = new RegExp(`(?<=^|, )(?:${COUNTED.map(({ source }) => source).join("|")})(?=, |$)`, "g");
const NO_WORK = {
  "nothing was searched for": t("nothing was searched for"),
  "no page found": t("no page found"),
  "none could be read": t("none could be read"),
  "none read": t("none read"),
};

/**
 * What was done, as a sentence in the page's language. The server says it in English; errors stay as they are.
 * @param {string} reason an `outcome_reason`
 * @returns {string}
 */
export function workDone(reason) {
  const said = reason.replace(/\.$/, "").replace(WORK, (words, failed, all, searches, pages, read, unread, aside) => {
    if (all) return t`${failed} of ${all} searches failed`;
    if (searches) return many(Number(searches), "search", "searches");
    if (pages) return t`${many(Number(pages), "page", "pages")} found`;
    if (read) return t`${read} read` + (unread ? ` (${t`${unread} could not be read`})` : "");
    if (aside) return t`${aside} set aside`;
    return NO_WORK[words];
  });
  return said && `${said[0].toUpperCase()}${said.slice(1)}.`;
}

export function lasted(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${inDigits(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  if (seconds < 3600)
    return `${Math.floor(seconds / 60)} min${seconds % 60 < 1 ? "" : ` ${Math.floor(seconds % 60)} s`}`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return many(Math.floor(seconds / 86400), "day");
}

export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  if (seconds < 5) return t("now");
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return t`${Math.floor(seconds / 86400)} d`;
}

export const at = (moment) => clock.format(new Date(moment));
export const date = (moment) => day.format(new Date(moment));

export function size(bytes) {
  if (bytes < 1000) return t`${bytes} bytes`;
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

export const EFFORTS = { quick: t("quick effort"), standard: t("standard effort"), deep: t("deep effort") };

/** Why the research ended; the same sentences as in app/text/report_languages/english.py. */
export const STOPPED = {
  answered: t("The question was answered."),
  no_evidence: t("The sources that were searched hold nothing that answers the question."),
  budget_reached: t("The research stopped early: its budget was used up."),
  max_iterations: t("The research stopped early: it reached its last turn."),
  finish_requested: t("The research stopped early: the report was wanted at once."),
  deadline: t("The research stopped early: its time was up."),
  model_failed: t("The language model failed; the report was put together without it."),
  cancelled: t("The research was cancelled."),
  error: t("The research stopped early because of an error."),
};

/** Instead of `no_evidence`, where nothing was read, and where nothing of it could be used. */
export const NOT_READ = t("No page could be read, so the sources say nothing of the question.");
export const UNTIED = t("No sentence could be tied to a page that was read.");

/**
 * Why a job ended. That nothing is in the sources is not said of pages that were read, nor of pages that could not be.
 * @param {keyof typeof STOPPED} reason
 * @param {{ hasClaims: boolean, wasRead: boolean, outcome: string | null | undefined }} job
 */
export function whyStopped(reason, { hasClaims, wasRead, outcome }) {
  if (reason === "no_evidence" && !hasClaims) {
    if (wasRead) return UNTIED;
    if (outcome === "not_researched") return NOT_READ;
  }
  return STOPPED[reason];
}

/** Who wrote it, where it was not a model; the same sentences as in app/text/report_languages/english.py. */
export const WRITTEN = {
  model: "",
  stand_in: t("This text was selected from the pages without the model, which failed."),
  extractive: t("Selected from the pages that were read; no language model was used."),
};
