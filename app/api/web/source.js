// A source beside the report: the stored page with its quotes marked.
import { api, told } from "./api.js";
import { h, out } from "./dom.js";
import { t } from "./language.js";
import { asideSaid, many, size } from "./words.js";

/** Offsets count characters; a string of JavaScript counts halves of some of them. */
function inUnits(text, quotes) {
  if (!/[\ud800-\udbff]/.test(text)) return quotes;
  const wanted = [...new Set(quotes.flatMap((quote) => [quote.start, quote.end]))].sort((a, b) => a - b);
  const found = new Map();
  let characters = 0,
    units = 0,
    next = 0;
  for (const character of text) {
    while (next < wanted.length && wanted[next] <= characters) found.set(wanted[next++], units);
    characters += 1;
    units += character.length;
  }
  while (next < wanted.length) found.set(wanted[next++], units);
  return quotes.map((quote) => ({ ...quote, start: found.get(quote.start), end: found.get(quote.end) }));
}

/** Spans that do not overlap, in order; each knows the quotes that it belongs to. */
function spans(quotes, length) {
  const edges = [...new Set([0, length, ...quotes.flatMap((quote) => [quote.start, quote.end])])].sort((a, b) => a - b);
  return edges.slice(1).map((end, at) => ({
    start: edges[at],
    end,
    quotes: [
      ...new Set(quotes.filter((quote) => quote.start < end && quote.end > edges[at]).map((quote) => quote.index)),
    ],
  }));
}

/** The page in paragraphs; a mark that goes over a break is marked in both. */
function marked(text, quotes, lang) {
  const body = h("div", { class: "page-text", dir: "auto", lang });
  let paragraph = h("p");
  for (const span of spans(inUnits(text, quotes), text.length)) {
    const parts = text.slice(span.start, span.end).split(/(\n[ \t]*\n\s*)/);
    parts.forEach((part, at) => {
      if (at % 2) {
        if (paragraph.childNodes.length) {
          body.append(paragraph);
          paragraph = h("p");
        }
      } else if (part)
        paragraph.append(span.quotes.length ? h("mark", { "data-quotes": ` ${span.quotes.join(" ")} ` }, part) : part);
    });
  }
  if (paragraph.childNodes.length) body.append(paragraph);
  for (const one of body.children) rendered(one);
  return body;
}

/** @type {[RegExp, string, string][]} */
const MARKUP = [
  [/^#{1,6}\s+/, "as-h", ""],
  [/^[-*+]\s+/, "as-li", "• "],
];

/** A paragraph as it was meant: a heading or a point of a list of markdown, in its own direction. */
function rendered(paragraph) {
  paragraph.dir = "auto";
  const first = /** @type {Text | null} */ (document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT).nextNode());
  for (const [pattern, name, sign] of MARKUP) {
    if (!first || !pattern.test(first.data)) continue;
    paragraph.classList.add(name);
    first.data = first.data.replace(pattern, sign);
    return;
  }
}

const held = ({ score, embedded }) =>
  embedded
    ? t`Near in meaning; cosine ${score}.`
    : score >= 1
      ? t("The page says this word for word.")
      : t`Paraphrased; ${Math.round(score * 100)} % word match.`;

/** By which of the two lists of a search a document was found. */
const ranked = ({ words_rank, meaning_rank, cosine }) =>
  [
    words_rank ? t`number ${words_rank} by its words` : "",
    meaning_rank ? t`number ${meaning_rank} by its meaning (cosine ${cosine})` : "",
  ].filter(Boolean);

const VERDICTS = {
  supported: t("supported by its meaning"),
  partly: t("partly supported"),
  contradicted: t("contradicted"),
  unrelated: t("unrelated"),
};

/** Who gave the quote, and what a judge said of it. */
function backing(quote, judge) {
  const gave = quote.given
    ? t("The model gave this quote; it was found in the page.")
    : quote.embedded
      ? t("The report cited this page; words found no quote, and an embedding found this one.")
      : quote.bound
        ? t("The model cited no page for this sentence; the quote was found in this one.")
        : t("The report cited this page; the quote was searched for in it.");
  if (!quote.verdict) return [gave, t("Nobody judged its meaning.")];
  const by = judge ? t` by ${judge}` : "";
  const why = quote.reason ? `: ${quote.reason}` : "";
  return [gave, t`Judged${by}: ${VERDICTS[quote.verdict] ?? quote.verdict}${why}`];
}

/** Show source `number` of a job, at the quote of `claim` if there is one. */
export async function openSource(id, number, claim, closed) {
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": "source-title" });
  const body = h("div", { class: "body", tabindex: "0" }, h("p", { class: "soft" }, t("Loading the page …")));
  const title = h("h2", { id: "source-title", dir: "auto" }, t`Source ${number}`);
  const where = h("p", { class: "small soft" });
  const steps = h("div", { class: "acts" });
  dialog.append(
    h(
      "div",
      { class: "sheet-head" },
      h("div", null, title, h("button", { type: "button", class: "slim", onclick: () => dialog.close() }, t("Close"))),
      where,
      steps,
    ),
    body,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed?.();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  try {
    show(await api.source(id, number));
  } catch (error) {
    body.replaceChildren(h("p", { class: "notice bad", role: "alert" }, told(error)));
  }
  return dialog;

  function show(source) {
    const lang = source.language || null; // of its words; the rest of the drawer is in the page's language
    title.replaceChildren(`[${source.number}] `, h("bdi", { lang }, source.title));
    where.replaceChildren(out(source.url, source.url), source.size ? t` · ${size(source.size)}, as it was read` : "");
    for (const rank of ranked(source.origin.found.ranks ?? {})) where.append(` · ${rank}`);
    if (source.set_aside) where.append(t` · not used: ${asideSaid(source.set_aside)}`);
    const quotes = source.quotes.map((quote, index) => ({ ...quote, index }));
    const places = quotes.flatMap((quote) => [quote, ...quote.more.map((place) => ({ ...place, index: quote.index }))]);
    if (source.text === null) {
      body.replaceChildren(
        h(
          "p",
          { class: "notice" },
          source.read ? t("The text of this page is not kept any more.") : t("This page was found but not read."),
        ),
        h("p", { dir: "auto", lang }, source.excerpt),
      );
      return;
    }
    const why = h("div", { class: "why", hidden: !quotes.length });
    body.replaceChildren(why, marked(source.text, places, lang));
    let at = Math.max(
      0,
      quotes.findIndex((quote) => quote.claim === claim),
    );
    const turn = (by) => {
      at = (at + by + quotes.length) % quotes.length;
      point();
    };
    const point = () => {
      why.replaceChildren(
        h("p", { dir: "auto" }, quotes[at].claim),
        ...[quotes[at], ...quotes[at].more].map((place) => h("blockquote", { dir: "auto", lang }, place.quote)),
        ...[
          quotes[at].page_number ? t`Page ${quotes[at].page_number}.` : "",
          quotes[at].given ? "" : held(quotes[at]),
          ...backing(quotes[at], source.judged_by),
        ]
          .filter(Boolean)
          .map((line) => h("p", { class: "hint", dir: "auto" }, line)),
      );
      for (const one of body.querySelectorAll("mark.here")) one.classList.remove("here");
      const here = body.querySelectorAll(`mark[data-quotes~="${at}"]`);
      for (const one of here) one.classList.add("here");
      here[0]?.scrollIntoView({ block: "center" });
      if (steps.firstChild) steps.firstChild.textContent = t`Sentence ${at + 1} of ${quotes.length}`;
    };
    if (quotes.length > 1)
      steps.append(
        h("span", { class: "small soft", role: "status" }),
        h("button", { type: "button", class: "slim quiet", onclick: () => turn(-1) }, t("Previous")),
        h("button", { type: "button", class: "slim quiet", onclick: () => turn(1) }, t("Next")),
      );
    else
      steps.append(
        h(
          "span",
          { class: "small soft" },
          quotes.length
            ? t`${many(quotes.length, "sentence")} of the report cites this page.`
            : t("No sentence of the report cites this page."),
        ),
      );
    if (quotes.length) point();
    body.focus();
  }
}
