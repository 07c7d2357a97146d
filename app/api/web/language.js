// The words of the page, in the reader's language. English is in the scripts and the html; every other
// language is a table from it, `language_<code>.js`, which the server finds by its name.

const root = globalThis.document?.documentElement;

/** The page's language, which theme.js chose before the first paint. */
export const language = root?.lang || "en";

/** @type {Record<string, string>} */
const table =
  language === "en"
    ? {}
    : await import(`./language_${language}.js`).then(
        ({ WORDS }) => WORDS,
        () => ({}),
      );
const plurals = new Intl.PluralRules(language);
const categories = ["zero", "one", "two", "few", "many", "other"].filter((name) =>
  plurals.resolvedOptions().pluralCategories.includes(/** @type {Intl.LDMLPluralRule} */ (name)),
);

/**
 * A sentence of the page: t("Jobs"), or as a tag of a template, whose entry is "Event {0} of {1}".
 * @param {string | TemplateStringsArray} text
 * @param {any[]} values
 * @returns {string}
 */
export function t(text, ...values) {
  if (typeof text === "string") return table[text] ?? text;
  const key = text.reduce((all, part, at) => `${all}{${at - 1}}${part}`);
  return (table[key] ?? key).replace(/\{(\d)\}/g, (_, at) => String(values[at]));
}

/**
 * The word for `n` things. Its entry is "job|jobs"; a table has a form for each category of its language.
 * @param {number} n
 * @param {string} one
 * @param {string} more
 */
export function plural(n, one, more) {
  const forms = table[`${one}|${more}`]?.split("|");
  if (!forms) return n === 1 ? one : more;
  return forms[categories.indexOf(plurals.select(n))] ?? forms.at(-1);
}

const SPOKEN = ["aria-label", "title", "placeholder"];

/**
 * Put the words of the html into the page's language.
 * @param {Document} page
 */
function translate(page) {
  const [title, ...rest] = page.title.split(" · ");
  page.title = [t(title), ...rest].join(" · ");
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { data } = /** @type {Text} */ (node);
    const words = data.trim().replace(/\s+/g, " ");
    if (table[words]) /** @type {Text} */ (node).data = data.replace(/\S[\s\S]*\S|\S/, () => table[words]);
  }
  for (const name of SPOKEN)
    for (const element of page.querySelectorAll(`[${name}]`))
      element.setAttribute(name, t(element.getAttribute(name) ?? ""));
}

if (root && language !== "en") translate(document);
if (root) delete root.dataset.waits;
