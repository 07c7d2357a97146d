// Sentences of the fold, as in app/domain/words.py.
import { t } from "./language.js";
import { count, many } from "./words.js";

/**
 * How far a model is in the middle of a call.
 * @param {{state: string, tokens: number}} data
 */
export function writingInWords({ state, tokens }) {
  if (state === "queued") return t("Waiting for the model: other calls come first");
  if (state === "reading") return t("The model is reading");
  if (state === "thinking") return t`The model is thinking: ${count(tokens)} tokens so far`;
  return t`The model is writing: ${count(tokens)} tokens so far`;
}

/**
 * Whom a job waits for, as in app/domain/words.py.
 * @param {any} away
 */
export function waitInWords(away) {
  if (!away) return t("Waiting for a provider");
  const since = new Date(away.since).toISOString().slice(11, 19);
  const said = away.error_message ? `: ${away.error_message}` : "";
  return t`Waiting for ${away.provider} since ${since} UTC${said}`.slice(0, 200);
}

/** @param {string[]} texts */
const quoted = (texts) => texts.map((text) => `“${text}”`).join(", ");

/**
 * A tool as something that is being done, as in app/domain/words.py.
 * @param {any} tool
 */
export function toolInWords(tool) {
  switch (tool?.tool) {
    case "clarify":
      return t("Asking what is meant");
    case "generate_plan":
      return t`Planning: ${tool.goal}`;
    case "adapt_plan":
      return t`Changing the plan: ${tool.reason}`;
    case "web_search":
      return t`Searching for ${quoted(tool.queries)}`;
    case "read_pages":
      return t`Reading ${many(tool.urls.length, "page")}`;
    case "write_report":
      return t`Writing the report: ${tool.title}`;
    case "answer":
      return t("Answering");
    default:
      return t("Thinking about the next step");
  }
}
