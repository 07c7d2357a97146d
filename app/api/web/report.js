// The report as the server rendered it; each [n] opens its source at the quote.
import { api, idFromPath, reportDocument } from "./api.js";
import { askOn } from "./ask_on.js";
import { $, h, out, say, state, tell } from "./dom.js";
import { at } from "./root.js";
import { askAgain, titleOf } from "./rows.js";
import { openSource } from "./source.js";
import { atLeast, date, lasted, many, percent, STOPPED, tries } from "./words.js";

const id = idFromPath();

// Only these leave the server's document, whatever it holds; attributes are rebuilt.
const TAGS = new Set(
  "A BLOCKQUOTE BR CODE EM H1 H2 H3 H4 H5 H6 HR LI OL P PRE STRONG TABLE TBODY TD TH THEAD TR UL".split(" "),
);

function copied(node, result) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (!TAGS.has(node.nodeName)) return [...node.childNodes].map((child) => copied(child, result));
  if (node.nodeName === "A") return link(node, result);
  const inner = [...node.childNodes].map((child) => copied(child, result));
  return h(node.nodeName, node.nodeName === "OL" && node.start !== 1 ? { start: node.start } : null, inner);
}

function link(node, result) {
  const href = node.getAttribute("href") ?? "";
  const cited = /^#source-(\d+)$/.exec(href);
  if (!cited) return out(href, node.textContent);
  const source = result.sources.find((one) => one.number === Number(cited[1]));
  return h(
    "a",
    {
      href,
      class: "cite",
      "data-source": cited[1],
      "aria-label": `Source ${cited[1]}: ${source?.title ?? ""}`,
      title: source?.title,
    },
    cited[1],
  );
}

const bare = (text) => text.replace(/\[\d+\]/g, "").replace(/[^\p{L}\p{N}]+/gu, "");

/** The claim that a citation belongs to: the one whose sentence precedes it, else the next of its source. */
function bind(article, result) {
  for (const block of article.querySelectorAll("p, li, td, th, h2, h3, h4, blockquote")) {
    const cites = [...block.querySelectorAll(".cite")].filter(
      (cite) => cite.closest("p, li, td, th, h2, h3, h4, blockquote") === block,
    );
    for (const cite of cites) {
      const range = document.createRange();
      range.setStart(block, 0);
      range.setEndBefore(cite);
      const before = [...range.cloneContents().querySelectorAll(".cite")].reduce(
        (text, one) => text.replace(one.textContent, " "),
        range.toString(),
      );
      const claims = result.claims.filter((claim) => claim.number === Number(cite.dataset.source));
      const fits = claims.filter(
        (claim) => bare(before).endsWith(bare(claim.text)) || bare(before).includes(bare(claim.text)),
      );
      cite.claim = (
        fits.at(-1) ??
        claims.find((claim) => bare(block.textContent).includes(bare(claim.text))) ??
        claims[0]
      )?.text;
    }
  }
}

function shares(result) {
  const part = (share, words) =>
    h("p", { class: "share" }, h("b", null, percent(share)), h("span", { class: "soft" }, words));
  if (!result.claims.length) return h("p", null, "No sentence of this report is backed by a quote from a page.");
  return h(
    "div",
    { class: "shares" },
    part(result.coverage, "of its sentences have a quote from a page that was read."),
    part(result.support, "of the citations that were written could be bound to such a quote."),
  );
}

function judgedBy(result) {
  const judged = result.claims.filter((claim) => claim.verdict).length;
  return judged
    ? `Judged by ${result.judged_by || "a model"}: ${judged} of ${result.claims.length} citations, each by its quote. ` +
        "A judge can err: open the quote and read it."
    : "Words are compared, not meanings: a quote that is in the page can still be read wrongly. Open it and judge.";
}

const block = (title, ...inner) => {
  const key = title.toLowerCase().replace(/\W+/g, "-");
  return h("section", { "aria-labelledby": key }, h("h2", { id: key }, title), ...inner);
};

const MADE = {
  model: "written by the model",
  stand_in: "selected from the pages without the model",
  extractive: "selected from the pages",
};

/** Who wrote which part, and which citations the system added. */
function authors(result) {
  const bound = result.claims.filter((claim) => claim.bound).length;
  return [
    ...(result.parts ?? []).map(
      (part, at) => `Part ${at + 1} was ${MADE[part.author]}; ${percent(part.coverage)} of its sentences are backed.`,
    ),
    ...(bound ? [`${bound} of its citations ${bound === 1 ? "was" : "were"} added by the system.`] : []),
  ].map((words) => h("p", { class: "soft small" }, words));
}

function stands(result, usage) {
  const cited = result.sources.filter((source) => result.claims.some((claim) => claim.number === source.number));
  const { total_duration_seconds: seconds, api_calls_made: calls, tokens_consumed: tokens } = result.metrics;
  return [
    block("Evidence", shares(result), ...authors(result), h("p", { class: "soft small" }, judgedBy(result))),
    result.unverified.length &&
      block(
        "Not verified",
        h("p", null, result.unverified.length === 1 ? "This sentence has no quote:" : "These sentences have no quote:"),
        h(
          "ul",
          null,
          result.unverified.map((text) => h("li", { dir: "auto" }, text)),
        ),
      ),
    result.removed.length &&
      block(
        "Removed citations",
        h(
          "p",
          null,
          `${many(result.removed.length, "citation")} could not be verified and ` +
            `${result.removed.length === 1 ? "was" : "were"} removed from the text:`,
        ),
        h(
          "ul",
          null,
          result.removed.map((text) => h("li", { dir: "auto" }, text)),
        ),
      ),
    cited.length &&
      block(
        "Sources",
        h(
          "ol",
          { class: "refs" },
          cited.map((source) =>
            h(
              "li",
              { id: `source-${source.number}` },
              h("span", { class: "soft num" }, `[${source.number}]`),
              h(
                "div",
                null,
                h(
                  "p",
                  null,
                  h(
                    "a",
                    { href: `#source-${source.number}`, "data-source": source.number, dir: "auto" },
                    source.title || source.url,
                  ),
                ),
                h("p", { class: "where soft" }, out(source.url, source.url)),
              ),
            ),
          ),
        ),
      ),
    block(
      "How it was made",
      h(
        "p",
        null,
        [
          many(calls, "call"),
          tries(result.metrics.search_operations, usage.failed_tries),
          ...(tokens ? [many(tokens, "token")] : []),
          lasted(seconds * 1000),
          `cost ${atLeast(usage.known_cost_usd, usage.unknown_cost_calls)}. The model’s own confidence: ${result.confidence}.`,
        ].join(", "),
      ),
    ),
  ];
}

function acts(view) {
  const name = (view.result.title || "report")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .slice(0, 60)
    .replace(/^-|-$/g, "");
  const copy = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(await api.markdown(id));
          say(copy, "Copied");
          tell("The report was copied as markdown.", true);
        } catch {
          say(copy, "Not copied");
        }
        setTimeout(() => say(copy, "Copy"), 2500);
      },
    },
    "Copy",
  );
  const save = (format, what, words = format) =>
    h(
      "a",
      {
        href: api.reportUrl(id, format),
        download: `${name}.${format === "csl" ? "json" : format}`,
        "aria-label": `Download ${what} as ${words}`,
      },
      words,
    );
  return [
    copy,
    h(
      "span",
      { class: "saves" },
      h("span", { class: "soft" }, "Download"),
      ["md", "html", "docx", "json"].map((format) => save(format, "the report")),
      h("a", { href: `/jobs/${id}/bundle`, download: "", title: "All events and pages, to check offline" }, "bundle"),
    ),
    h(
      "span",
      { class: "saves" },
      h("span", { class: "soft" }, "Sources"),
      save("bib", "the sources", "BibTeX"),
      save("csl", "the sources", "CSL"),
    ),
    h("button", { type: "button", onclick: () => print() }, "Print"),
    h("a", { class: "button quiet", href: `/browse/jobs/${id}` }, "How it was found"),
    h(
      "button",
      { type: "button", class: "quiet", onclick: () => askAgain(view, (error) => tell(error.message, true)) },
      "Ask again",
    ),
  ].filter(Boolean);
}

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
      h("a", { href: `/browse/jobs/${id}` }, "The job"),
      " · ",
      h("a", { href: "/browse/jobs" }, "All jobs"),
    ),
  );
}

/** Why it ended; that nothing is in the sources is not said of pages that were read. */
function why(result) {
  const untied = result.stop_reason === "no_evidence" && result.sources.some((source) => source.read);
  const words =
    untied && !result.claims.length
      ? "No sentence could be tied to a page that was read."
      : STOPPED[result.stop_reason];
  return `${words} Done: ${result.outcome_reason}.`;
}

async function start() {
  $("run-link").href = at(`/browse/jobs/${id}`);
  const view = await api.job(id);
  if (!view.result)
    return failed(
      "There is no report",
      view.status === "failed"
        ? view.error?.error_message
        : view.status === "cancelled"
          ? "The job was cancelled."
          : `The job is not over: ${view.current_step}.`,
    );
  const result = view.result,
    rendered = await reportDocument(id);
  const body = rendered.querySelector("article") ?? rendered.body;
  rendered.querySelector("article h1")?.remove();
  say($("title"), result.title || titleOf(view));
  document.title = `${result.title || titleOf(view)} · Dossier`;
  $("facts").replaceChildren(
    state(view.status, view.outcome),
    h("time", { datetime: view.completed_at }, date(view.completed_at)),
    titleOf(view) === result.title ? "" : h("span", { dir: "auto" }, `Asked: ${titleOf(view)}`),
  );
  $("acts").append(...acts(view));
  const stopped = result.stop_reason !== "answered" && why(result);
  $("stopped").hidden = !stopped;
  say($("stopped"), stopped || "");
  $("article").append(...[...body.childNodes].flatMap((node) => copied(node, result)).flat(9));
  $("stands").append(...stands(result, view.usage).filter(Boolean));
  bind($("article"), result);
  $("ask-on").append(askOn(view));
  $("paper").classList.remove("waiting");
  const asked = /^#source-(\d+)$/.exec(location.hash);
  if (asked) open(Number(asked[1]));
}

$("paper").addEventListener("click", (event) => {
  const link = event.target.closest("[data-source]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(Number(link.dataset.source), link.claim);
});

start().catch((error) => failed(error.status === 404 ? "Job not found" : "The report cannot be shown", error.message));
