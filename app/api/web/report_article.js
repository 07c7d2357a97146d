// The text of a report: what the server rendered, made anew, with its citations bound to claims.
import { h, out } from "./dom.js";
import { t } from "./language.js";

// Only these leave the server's document, whatever it holds; attributes are rebuilt.
const TAGS = new Set(
  "A BLOCKQUOTE BR CODE EM H1 H2 H3 H4 H5 H6 HR LI OL P PRE STRONG TABLE TBODY TD TH THEAD TR UL".split(" "),
);

/** What a mark of the server after a sentence means; the mark itself is in the report's language. */
function doubt(mark, { claims }) {
  const range = mark.ownerDocument.createRange();
  range.setStart(mark.parentNode, 0);
  range.setEndBefore(mark);
  const before = bare(range.toString());
  return claims.some(({ verdict, text }) => verdict === "partly" && before.endsWith(bare(text)))
    ? t("A judge found only a part of this sentence in its quote.")
    : t("No page that was read has a quote for this sentence.");
}

/** The report's nodes, made anew of what is allowed. */
export function copied(node, result) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (!TAGS.has(node.nodeName)) return [...node.childNodes].map((child) => copied(child, result));
  if (node.nodeName === "A") return link(node, result);
  if (node.nodeName === "EM" && node.lang)
    return h("span", { class: "doubt", title: doubt(node, result), lang: node.lang }, node.textContent.slice(1, -1));
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
      "aria-label": t`Source ${cited[1]}: ${source?.title ?? ""}`,
      title: source?.title,
    },
    cited[1],
  );
}

const bare = (text) => text.replace(/\[\d+\]/g, "").replace(/[^\p{L}\p{N}]+/gu, "");

/** The claim that a citation belongs to: the one whose sentence precedes it, else the next of its source. */
export function bind(article, result) {
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

/** The headings of the report as links, where there are several. */
export function outline(article) {
  const headings = [...article.querySelectorAll("h2, h3")];
  if (headings.length < 3) return null;
  const links = headings.map((heading, at) => {
    heading.id = `part-${at + 1}`;
    return h(
      "li",
      { class: `at-${heading.nodeName.toLowerCase()}` },
      h("a", { href: `#${heading.id}`, dir: "auto" }, heading.textContent),
    );
  });
  return h("ol", { dir: "auto" }, links);
}
