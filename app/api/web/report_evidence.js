// What backs a report: its evidence, output, sources, and how it was made.
import { h, out } from "./dom.js";
import { t } from "./language.js";
import { atLeast, lasted, many, percent, tries } from "./words.js";

/** How many citations a judge found supported by their meaning: of those that it saw. */
function judged({ claims }) {
  const seen = claims.filter((claim) => claim.verdict);
  const words = seen.length
    ? t("of the citations are supported by the meaning of their quote, a judge says.")
    : t("The meaning was not judged: only words were compared.");
  const figure = t`${seen.filter((claim) => claim.verdict === "supported").length} of ${seen.length}`;
  return h("p", { class: "share" }, h("b", null, seen.length ? figure : "–"), h("span", { class: "soft" }, words));
}

function shares(result) {
  const part = (share, words) =>
    h("p", { class: "share" }, h("b", null, percent(share)), h("span", { class: "soft" }, words));
  if (!result.claims.length) return h("p", null, t("No sentence of this report is backed by a quote from a page."));
  return h(
    "div",
    { class: "shares" },
    part(result.coverage, t("of its sentences have a quote from a page that was read.")),
    part(result.support, t("of the citations that were written could be bound to such a quote.")),
    judged(result),
  );
}

function judgedBy(result) {
  const judged = result.claims.filter((claim) => claim.verdict).length,
    judge = result.judged_by || t("a model");
  return judged
    ? t`Judged by ${judge}: ${judged} of ${result.claims.length} citations, each by its quote. ` +
        t("A judge can err: open the quote and read it.")
    : t("Words are compared, not meanings: a quote that is in the page can still be read wrongly. Open it and judge.");
}

const block = (title, ...inner) => {
  const key = title.toLowerCase().replace(/[^\p{L}\d]+/gu, "-");
  return h("section", { "aria-labelledby": key }, h("h2", { id: key }, title), ...inner);
};

const FOUND = { found: t("found"), passage: t("a passage only"), not_found: t("not found") };
const written = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));

/** What an `output_schema` was filled with: each field, how sure it is, and its sources. */
function output({ fields }) {
  const row = ({ field, status, value, confidence, citations = [], reason }) =>
    h(
      "tr",
      null,
      h("th", { scope: "row" }, field.replace(/^\//, "").replaceAll("/", " › ") || t("all")),
      h(
        "td",
        { dir: "auto" },
        value === undefined || value === null ? h("span", { class: "soft" }, reason || "–") : written(value),
      ),
      h("td", null, [FOUND[status], confidence].filter(Boolean).join(", ")),
      h(
        "td",
        null,
        citations.map(({ number }) =>
          h(
            "a",
            { href: `#source-${number}`, class: "cite", "data-source": number, "aria-label": t`Source ${number}` },
            number,
          ),
        ),
      ),
    );
  const head = [t("Field"), t("Value"), t("Found"), t("Sources")].map((name) => h("th", { scope: "col" }, name));
  return h("table", { class: "output" }, h("thead", null, h("tr", null, head)), h("tbody", null, fields.map(row)));
}

const MADE = {
  model: t("written by the model"),
  stand_in: t("selected from the pages without the model"),
  extractive: t("selected from the pages"),
};

/** Who wrote which part, and which citations the system added. Where no page was read, nothing was selected. */
function authors(result) {
  const bound = result.claims.filter((claim) => claim.bound).length;
  const wasRead = result.sources.some((source) => source.read);
  return [
    ...(result.parts ?? []).flatMap((part, at) =>
      wasRead || part.author === "model"
        ? [t`Part ${at + 1} was ${MADE[part.author]}; ${percent(part.coverage)} of its sentences are backed.`]
        : [],
    ),
    ...unused(result.sources),
    ...(bound ? [t`${many(bound, "citation was", "citations were")} added by the system.`] : []),
  ].map((words) => h("p", { class: "soft small" }, words));
}

const NAMED = 20; // pages set aside that are named

/** The pages that were read and not used, each with what it tells of itself. */
function unused(sources) {
  const aside = sources.filter((source) => source.set_aside);
  const pages = aside
    .slice(0, NAMED)
    .map((one) => `[${one.number}] (${one.set_aside.startsWith("published") ? one.published : one.language})`);
  if (aside.length > NAMED) pages.push("…");
  return pages.length ? [t`Read and not used, because they are of another time or language: ${pages.join(", ")}.`] : [];
}

/** `spoken` says the language of a source by its number. */
export function stands(result, usage, spoken) {
  const cited = result.sources.filter((source) => result.claims.some((claim) => claim.number === source.number));
  const { total_duration_seconds: seconds, api_calls_made: calls, tokens_consumed: tokens } = result.metrics;
  const cost = atLeast(usage.known_cost_usd, usage.unknown_cost_calls);
  return [
    block(t("Evidence"), shares(result), ...authors(result), h("p", { class: "soft small" }, judgedBy(result))),
    result.output && block(t("Output"), output(result.output)),
    result.unverified.length &&
      block(
        t("Not verified"),
        h(
          "p",
          null,
          result.unverified.length === 1 ? t("This sentence has no quote:") : t("These sentences have no quote:"),
        ),
        h(
          "ul",
          null,
          result.unverified.map((text) => h("li", { dir: "auto" }, text)),
        ),
      ),
    result.removed.length &&
      block(
        t("Removed citations"),
        h("p", null, t`${many(result.removed.length, "citation")} could not be verified, and removed from the text:`),
        h(
          "ul",
          null,
          result.removed.map((text) => h("li", { dir: "auto" }, text)),
        ),
      ),
    cited.length &&
      block(
        t("Sources"),
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
                    {
                      href: `#source-${source.number}`,
                      "data-source": source.number,
                      dir: "auto",
                      lang: spoken(source.number),
                    },
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
      t("How it was made"),
      h(
        "p",
        null,
        [
          many(calls, "call"),
          tries(result.metrics.search_operations, usage.failed_tries),
          ...(tokens ? [many(tokens, "token")] : []),
          lasted(seconds * 1000),
          result.written_by === "model"
            ? t`cost ${cost}. The model’s own confidence: ${result.confidence}.`
            : t`cost ${cost}.`,
        ].join(", "),
      ),
    ),
  ];
}
