// How the events of threads change a job.
import { note, say } from "./fold_parts.js";
import { t } from "./language.js";
import { many } from "./words.js";

/**
 * @typedef {import("./fold.js").Job} Job
 * @typedef {import("./fold.js").Lane} Lane
 * @typedef {import("./fold.js").LogEvent} LogEvent
 */

/** @type {Record<string, string>} */
const ENDS = {
  answered: t("Thread {0} has an answer"),
  spent: t("Thread {0} used up its share"),
  failed: t("Thread {0} could not go on"),
};

/** @type {Record<string, (job: Job, data: any, event: LogEvent) => void>} */
export const APPLY_TO_THREADS = {
  thread_opened(job, data, event) {
    say(job, t`Researching: ${data.question}`);
    note(job, event, t`Thread ${data.thread} began`, data.question);
    job.lanes.set(data.thread, {
      number: data.thread,
      question: data.question,
      section: data.section ?? null,
      from: Date.parse(event.at),
      to: null,
      found: new Set(),
      passages: 0,
      reason: "",
      finding: "",
      touched: event.seq,
    });
  },
  thread_stepped: touch,
  thread_searched(job, data, event) {
    for (const number of data.numbers) job.lanes.get(data.thread)?.found.add(number);
    touch(job, data, event);
  },
  thread_closed(job, data, event) {
    const kind = data.reason === "failed" ? "warn" : "";
    note(
      job,
      event,
      (ENDS[data.reason] ?? t("Thread {0} ended")).replace("{0}", data.thread),
      data.finding ?? "",
      kind,
    );
    const lane = touch(job, data, event);
    if (lane) Object.assign(lane, { to: Date.parse(event.at), reason: data.reason, finding: data.finding ?? "" });
  },
  evidence_kept(job, data, event) {
    const kept = t`${many(data.passages.length, "passage")} of page ${data.number} kept for thread ${data.thread}`;
    note(job, event, kept, texts(data.passages, "quote").join(" … "));
    const lane = touch(job, data, event);
    if (lane) lane.passages += data.passages.length;
  },
  outline_drafted(job, data, event) {
    say(job, t`Writing ${many(data.sections.length, "section")}: ${data.title}`);
    note(job, event, t("The lead outlined the report"), texts(data.sections, "heading").join(" · "));
    job.draft = { title: data.title, seq: event.seq, sections: data.sections.map(planned) };
  },
  section_written(job, data, event) {
    const isNew = data.version === 1;
    const number = data.section;
    const first = isNew ? t("The introduction was written") : t("The introduction was rewritten");
    const other = isNew ? t`Section ${number} was written` : t`Section ${number} was rewritten`;
    note(job, event, number ? other : first, data.content);
    const section = job.draft?.sections[data.section];
    if (section) Object.assign(section, { content: data.content, growing: "", problem: "", touched: event.seq });
  },
  sections_criticised(job, data, event) {
    say(job, t`Reviewing the report: ${many(data.problems.length, "problem")} found`);
    note(job, event, t("The report was reviewed"), texts(data.problems, "problem").join(" "));
    for (const { section: number, problem } of data.problems) {
      const section = job.draft?.sections[number];
      if (section) Object.assign(section, { problem, touched: event.seq });
    }
  },
};

/**
 * Say that something happened in a thread; its lane, if it has one.
 * @param {Job} job
 * @param {any} data
 * @param {LogEvent} event
 * @returns {Lane | undefined}
 */
function touch(job, data, event) {
  const lane = job.lanes.get(data.thread);
  if (lane) lane.touched = event.seq;
  return lane;
}

/**
 * Add what a model wrote to its section; without a start, it begins anew.
 * @param {Job} job
 * @param {any} data
 * @param {LogEvent} event
 */
export function growSection(job, { key, said, start }, event) {
  const section = job.draft?.sections[Number(key.split("/")[2].split(".")[0])];
  if (section) Object.assign(section, { growing: start ? section.growing + said : said, touched: event.seq });
}

/** A section that is not written yet. */
function planned({ heading, points }, number) {
  return { number, heading, points, content: "", growing: "", problem: "", touched: 0 };
}

/**
 * The texts of a field, without empty ones.
 * @param {Record<string, string>[]} parts
 * @param {string} name
 */
function texts(parts, name) {
  return parts.map((part) => part[name]).filter(Boolean);
}
