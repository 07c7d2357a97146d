// Markdown that no server has rendered yet, as elements: headings, lists, tables and paragraphs.
import { h } from "./dom.js";

/** @param {string} text */
const plain = (text) => text.replace(/\\([\\`*_[\]<>&|~#])/g, "$1").replace(/(\*\*|__|`)(?=\S)(.*?\S)\1/g, "$2");
/** @param {string} line */
const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.trim()));

/**
 * The blocks of a text; a heading is never higher than `top`.
 * @param {string} text
 */
export function blocks(text, top = 3) {
  return text
    .split(/\n[ \t]*\n/)
    .map((block) => block.trim())
    .filter(Boolean)
    .flatMap((block) => element(block.split("\n"), top));
}

/** @param {string[]} lines */
function element(lines, top) {
  const [first] = lines;
  const heading = /^(#{1,6})\s+(.*)$/.exec(first);
  if (heading) {
    const level = Math.min(6, Math.max(top, heading[1].length));
    const rest = lines.slice(1);
    return [h(`h${level}`, { dir: "auto" }, plain(heading[2])), ...(rest.length ? element(rest, top) : [])];
  }
  if (lines.length > 1 && /^\s*\|?[\s:|-]*-[\s:|-]*$/.test(lines[1]) && first.includes("|")) return [table(lines)];
  const points = lines.map((line) => /^\s*(?:[-*+]|\d{1,3}[.)])\s+(.*)$/.exec(line)?.[1]);
  if (points.every((point) => point !== undefined))
    return [h(/^\s*\d/.test(first) ? "ol" : "ul", { dir: "auto" }, points.map(item))];
  return [h("p", { dir: "auto" }, plain(lines.join(" ")))];
}

const item = (text) => h("li", { dir: "auto" }, plain(text));

/** @param {string[]} lines */
function table(lines) {
  const [head, , ...rows] = lines;
  const row = (line, tag) =>
    h(
      "tr",
      null,
      cells(line).map((cell) => h(tag, { dir: "auto" }, cell)),
    );
  return h(
    "table",
    null,
    h("thead", null, row(head, "th")),
    h(
      "tbody",
      null,
      rows.map((line) => row(line, "td")),
    ),
  );
}
