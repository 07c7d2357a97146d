// How the events of threads change a job.
import { note, say } from "./fold_parts.js";
import { many } from "./words.js";

/**
 * @typedef {import("./fold.js").Job} Job
 * @typedef {import("./fold.js").LogEvent} LogEvent
 */

/** @type {Record<string, string>} */
const ENDS = { answered: "has an answer", spent: "used up its share", failed: "could not go on" };

/** @type {Record<string, (job: Job, data: any, event: LogEvent) => void>} */
export const APPLY_TO_THREADS = {
  thread_opened(job, data, event) {
    say(job, `Researching: ${data.question}`);
    note(job, event, `Thread ${data.thread} began`, data.question);
  },
  thread_closed(job, data, event) {
    const kind = data.reason === "failed" ? "warn" : "";
    note(job, event, `Thread ${data.thread} ${ENDS[data.reason] ?? "ended"}`, data.finding ?? "", kind);
  },
  evidence_kept(job, data, event) {
    const kept = `${many(data.passages.length, "passage")} of page ${data.number} kept for thread ${data.thread}`;
    note(job, event, kept, texts(data.passages, "quote").join(" … "));
  },
  outline_drafted(job, data, event) {
    say(job, `Writing ${many(data.sections.length, "section")}: ${data.title}`);
    note(job, event, "The lead outlined the report", texts(data.sections, "heading").join(" · "));
  },
  section_written(job, data, event) {
    const name = data.section ? `Section ${data.section}` : "The introduction";
    note(job, event, `${name} was ${data.version > 1 ? "rewritten" : "written"}`, data.content);
  },
  sections_criticised(job, data, event) {
    say(job, `Reviewing the report: ${many(data.problems.length, "problem")} found`);
    note(job, event, "The report was reviewed", texts(data.problems, "problem").join(" "));
  },
};

/**
 * The texts of a field, without empty ones.
 * @param {Record<string, string>[]} parts
 * @param {string} name
 */
function texts(parts, name) {
  return parts.map((part) => part[name]).filter(Boolean);
}
