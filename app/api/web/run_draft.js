// The report while it is written: its sections in order, each as far as the log has it.
import { $, h, keep, say } from "./dom.js";
import { isOver } from "./fold.js";
import { t } from "./language.js";
import { blocks } from "./markdown.js";
import { count, many } from "./words.js";

export function drawDraft(run) {
  const box = $("draft"),
    { draft } = run;
  box.hidden = !draft || run.status === "completed";
  if (box.hidden) return;
  say($("draft-title"), isOver(run.status) ? t("The report as far as it was written") : t("The report so far"));
  say($("draft-name"), draft.title);
  say($("draft-state"), t`${progress(draft)} Its sentences are not checked yet.`);
  const writing = sectionsInWork(run);
  keep(
    $("draft-sections"),
    draft.sections,
    (section) => section.number,
    (section) => `${draft.seq} ${section.touched} ${writing.get(section.number) ?? ""} ${run.status}`,
    (section) => part(section, writing.get(section.number), isOver(run.status)),
  );
}

function progress({ sections }) {
  const done = sections.filter((section) => section.content).length;
  return sections.length > 1 ? t`${count(done)} of ${many(sections.length, "section")} written.` : "";
}

/** The sections that a model is writing, each with the tokens so far. */
function sectionsInWork(run) {
  const found = new Map();
  for (const call of run.open.values()) {
    const section = /^1\/section\/(\d+)/.exec(call.key);
    if (section && !call.to) found.set(Number(section[1]), call.tokens ?? 0);
  }
  return found;
}

function part({ number, heading, points, content, growing, problem }, tokens, isEnded) {
  const text = content || (tokens === undefined ? "" : growing);
  return h(
    "section",
    null,
    heading || number ? h("h3", { dir: "auto" }, heading) : "",
    text ? blocks(text) : h("p", { class: "soft", dir: "auto" }, points),
    tokens === undefined && content ? "" : h("p", { class: "hint" }, sectionState(content, tokens, isEnded)),
    problem ? h("p", { class: "hint", dir: "auto" }, t("To be rewritten: "), problem) : "",
  );
}

function sectionState(content, tokens, isEnded) {
  if (isEnded) return t("Not written.");
  if (tokens === undefined) return t("Not written yet.");
  const far = tokens ? t`: ${many(tokens, "token")} so far` : "";
  return `${content ? t("Being rewritten") : t("Being written")}${far}.`;
}
