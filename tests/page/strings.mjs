// Finds the words of the page in its scripts: those that pass the table of strings, and those that do not.
// Takes the paths of TypeScript, of the scripts and of the tables; writes { used, outside, tables }.
import { readFileSync } from "node:fs";

const [compiler, ...given] = process.argv.slice(2);
const isTable = (path) => /language_\w+\.js$/.test(path);
const paths = given.filter((path) => !isTable(path));
const { default: ts } = await import(compiler);

// Attributes and calls whose strings nobody reads.
const QUIET_NAMES = new Set(
  (
    "accept alg autocomplete class className credentials d datetime dir for href id inputmode key lang " +
    "linear method mode name notation points preserveAspectRatio rel role sort stroke stroke-linecap " +
    "style tag target transform type unit value viewBox"
  ).split(" "),
);
const QUIET_CALLS = new Set(
  (
    "$ addEventListener append at call closest createElement delete endsWith focusOn get getElementById " +
    "getItem has import includes join localeCompare matchMedia matches press querySelector " +
    "querySelectorAll remove removeAttribute removeEventListener replaceAll setItem setProperty " +
    "setRequestHeader split startsWith test toggle"
  ).split(" "),
);
// Two words, or one with a capital; not a rule of css.
const isText = (text) =>
  /\p{L}{2,}[^\p{L}]*\s[^\p{L}]*\p{L}{2,}|^[^\p{L}]*\p{Lu}\p{Ll}+/u.test(text.replace(/\{\d+\}/g, " ")) &&
  !text.startsWith("@");

/** A template as the table has it: "Event {0} of {1}". */
function keyOf(node) {
  if (!ts.isTemplateExpression(node)) return node.text;
  return node.head.text + node.templateSpans.map((span, at) => `{${at}}${span.literal.text}`).join("");
}

const nameOf = (node) =>
  ts.isIdentifier(node) ? node.text : ts.isPropertyAccessExpression(node) ? node.name.text : "";

/** Whether it is code, not words, by where it is. */
function isQuiet(node) {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isLiteralTypeNode(parent)) return true;
  if (ts.isBinaryExpression(parent) && /^([!=]==?|in)$/.test(parent.operatorToken.getText())) return true;
  if (ts.isBinaryExpression(parent) && nameOf(parent.left) === "className") return true;
  if (ts.isPropertyAccessExpression(parent) && parent.name.text === "split") return true;
  if (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isCaseClause(parent) || ts.isElementAccessExpression(parent)) return true;
  if (ts.isPropertyAssignment(parent)) {
    if (parent.name === node) return true;
    return QUIET_NAMES.has(parent.name.text ?? parent.name.getText());
  }
  if (ts.isCallExpression(parent)) {
    const name = nameOf(parent.expression);
    if (QUIET_CALLS.has(name)) return true;
    if (["h", "svg"].includes(name) && parent.arguments[0] === node) return true;
    if (name === "setAttribute") return QUIET_NAMES.has(parent.arguments[0].text) || parent.arguments[0] === node;
  }
  if (ts.isConditionalExpression(parent) || ts.isParenthesizedExpression(parent) || ts.isBinaryExpression(parent))
    return parent.condition === node || isQuiet(parent);
  if (ts.isTemplateSpan(parent)) return isQuiet(parent.parent);
  return false;
}

function found(path) {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const used = [],
    outside = [];
  const visit = (node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const { parent } = node;
      const call = ts.isCallExpression(parent) && nameOf(parent.expression);
      if (ts.isTaggedTemplateExpression(parent) && nameOf(parent.tag) === "t") used.push(keyOf(node));
      else if (call === "t") used.push(keyOf(node));
      else if (call === "many" && parent.arguments.indexOf(node) > 0) {
        if (parent.arguments.indexOf(node) === 1) {
          const more = parent.arguments[2];
          used.push(`${node.text}|${more ? more.text : `${node.text}s`}`);
        }
      } else if (isText(keyOf(node)) && !isQuiet(node)) outside.push(`${path}: ${keyOf(node)}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { used, outside };
}

const all = paths.map(found);
const tables = {};
for (const path of given.filter(isTable)) tables[path] = (await import(path)).WORDS;
process.stdout.write(
  JSON.stringify({
    used: all.flatMap((one) => one.used),
    outside: all.flatMap((one) => one.outside),
    tables,
  }),
);
