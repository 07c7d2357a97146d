// Sentences of the fold, as in app/domain/words.py.

/**
 * How far a model is in the middle of a call.
 * @param {{state: string, tokens: number}} data
 */
export function writingInWords({ state, tokens }) {
  if (state === "queued") return "Waiting for the model: other calls come first";
  if (state === "reading") return "The model is reading";
  return `The model is ${state}: ${tokens.toLocaleString("en-US")} tokens so far`;
}

/**
 * Whom a job waits for, as in app/domain/words.py.
 * @param {any} away
 */
export function waitInWords(away) {
  if (!away) return "Waiting for a provider";
  const since = new Date(away.since).toISOString().slice(11, 19);
  const said = away.error_message ? `: ${away.error_message}` : "";
  return `Waiting for ${away.provider} since ${since} UTC${said}`.slice(0, 200);
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
      return "Asking what is meant";
    case "generate_plan":
      return `Planning: ${tool.goal}`;
    case "adapt_plan":
      return `Changing the plan: ${tool.reason}`;
    case "web_search":
      return `Searching for ${quoted(tool.queries)}`;
    case "read_pages":
      return `Reading ${tool.urls.length} page${tool.urls.length > 1 ? "s" : ""}`;
    case "write_report":
      return `Writing the report: ${tool.title}`;
    case "answer":
      return "Answering";
    default:
      return "Thinking about the next step";
  }
}
