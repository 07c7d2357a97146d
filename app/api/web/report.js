// The report as the server rendered it; each [n] opens its source at the quote.
import { api, idFromPath, reportDocument } from "./api.js";
import { askOn } from "./ask_on.js";
import { $, h, say, state } from "./dom.js";
import { t } from "./language.js";
import { showMark } from "./marking.js";
import { bind, copied, outline } from "./report_article.js";
import { stands } from "./report_evidence.js";
import { acts, footPages } from "./report_saves.js";
import { at } from "./root.js";
import { titleOf } from "./rows.js";
import { openSource } from "./source.js";
import { date, whyStopped, workDone } from "./words.js";

const id = idFromPath();

function open(number, claim) {
  history.replaceState(null, "", `#source-${number}`);
  openSource(id, number, claim, () => history.replaceState(null, "", location.pathname + location.search));
}

function failed(title, text) {
  $("paper").hidden = true;
  $("failed").hidden = false;
  $("failed").replaceChildren(
    h("h1", null, title),
    h("p", null, text),
    h(
      "p",
      null,
      h("a", { href: `/browse/jobs/${id}` }, t("The job")),
      " · ",
      h("a", { href: "/browse/jobs" }, t("All jobs")),
    ),
  );
}

/** Why it ended, and what was done. */
function why(result) {
  const words = whyStopped(result.stop_reason, {
    hasClaims: result.claims.length > 0,
    wasRead: result.sources.some((source) => source.read),
    outcome: result.outcome,
  });
  return `${words} ${workDone(result.outcome_reason)}`.trim();
}

/** The language of each source, as the server's list of them names it. */
const spokenIn = (rendered) => (/** @type {number} */ number) =>
  rendered.querySelector(`#source-${number} bdi`)?.lang || null;

async function start() {
  $("run-link").href = at(`/browse/jobs/${id}`);
  const view = await api.job(id);
  if (!view.result)
    return failed(
      t("There is no report"),
      view.status === "failed"
        ? view.error?.error_message
        : view.status === "cancelled"
          ? t("The job was cancelled.")
          : t`The job is not over: ${view.current_step}.`,
    );
  const result = view.result,
    rendered = await reportDocument(id);
  const body = rendered.querySelector("article") ?? rendered.body;
  rendered.querySelector("article h1")?.remove();
  say($("title"), result.title || titleOf(view));
  document.title = t`${result.title || titleOf(view)} · Dossier`;
  $("facts").replaceChildren(
    state(view.status, view.outcome),
    h("time", { datetime: view.completed_at }, date(view.completed_at)),
    titleOf(view) === result.title ? "" : h("span", { dir: "auto" }, t`Asked: ${titleOf(view)}`),
  );
  $("acts").append(...acts(view));
  showMark($("marking"), id, titleOf(view));
  const stopped = result.stop_reason !== "answered" && why(result);
  $("stopped").hidden = !stopped;
  say($("stopped"), stopped || "");
  $("article").append(...[...body.childNodes].flatMap((node) => copied(node, result)).flat(9));
  $("stands").append(...stands(result, view.usage, spokenIn(rendered)).filter(Boolean));
  bind($("article"), result);
  $("article").lang = view.language ?? body.lang;
  showOutline();
  footPages(location.origin + at(`/browse/jobs/${id}`));
  $("ask-on").append(askOn(view));
  $("paper").classList.remove("waiting");
  const asked = /^#source-(\d+)$/.exec(location.hash);
  if (asked) open(Number(asked[1]));
}

/** Beside the report where there is room, else above it and closed. */
function showOutline() {
  const links = outline($("article"));
  $("outline").hidden = !links;
  if (!links) return;
  const beside = matchMedia("(min-width: 76rem)");
  const part = h("details", null, h("summary", null, t("Contents")), links);
  const fit = () => {
    part.open = beside.matches;
  };
  beside.addEventListener("change", fit);
  fit();
  $("outline").append(part);
}

$("paper").addEventListener("click", (event) => {
  const link = event.target.closest("[data-source]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(Number(link.dataset.source), link.claim);
});

start().catch((error) =>
  failed(error.status === 404 ? t("Job not found") : t("The report cannot be shown"), error.message),
);
