// Two jobs, side by side: where their logs part, what they did, what they say.
import { api, reportDocument } from "./api.js";
import { $, h, say, state } from "./dom.js";
import { callsMade, costOf, fold } from "./fold.js";
import { t } from "./language.js";
import { at } from "./root.js";
import { drawRows } from "./rows.js";
import { count, EFFORTS, host, lasted, money, percent } from "./words.js";

const asked = new URLSearchParams(location.search);
const ids = [asked.get("a"), asked.get("b")];

async function log(id) {
  const events = [];
  for (let page; !page || page.next_after < page.head; ) {
    page = await api.events(id, events.length);
    if (!page.events.length) break;
    events.push(...page.events);
  }
  return events;
}

const same = (a, b) => a.type === b.type && JSON.stringify(a.data) === JSON.stringify(b.data);

/** How many events the two logs begin with in common; submission and attempt differ by names and times. */
function common(a, b) {
  let n = 0;
  while (n < a.length && n < b.length && same(a[n], b[n])) n += 1;
  return n;
}

function figures(run) {
  return [
    [t("Effort"), EFFORTS[run.request.effort ?? "standard"]],
    [t("Turns"), count(run.turns.size)],
    [t("Calls"), count(callsMade(run.bill))],
    [t("Searches"), count(run.bill.search)],
    [t("Pages read"), count(run.bill.read)],
    [t("Tokens"), count(run.bill.input + run.bill.output)],
    [t("Cost"), money(costOf(run.bill))],
    [t("Time"), run.endedAt && run.startedAt ? lasted(Date.parse(run.endedAt) - Date.parse(run.startedAt)) : "–"],
    [t("Sentences with a quote"), run.report ? percent(run.report.coverage) : "–"],
    [t("Verified citations"), run.report ? percent(run.report.support) : "–"],
  ];
}

function side(name, run, other, id, prose) {
  const mine = figures(run),
    theirs = figures(other);
  const known = new Set([...other.sources.values()].map((source) => source.url));
  const plan = new Set(other.plan);
  return h(
    "section",
    { class: "side", "aria-label": t`${name}: ${run.instruction || run.request.query}` },
    h("h2", { dir: "auto" }, h("a", { href: `/browse/jobs/${id}` }, run.instruction || run.request.query)),
    run.instruction ? h("p", { class: "soft small", dir: "auto" }, t`Follows: ${run.request.query}`) : "",
    h("p", null, state(run.status, run.outcome)),
    h(
      "dl",
      { class: "figures" },
      mine.map(([name, value], n) => [
        h("dt", null, name),
        h("dd", { class: value === theirs[n][1] ? null : "differs" }, value),
      ]),
    ),
    h(
      "div",
      null,
      h("h3", null, t("Plan")),
      !run.plan.length
        ? h("p", { class: "soft" }, t("There is none."))
        : h(
            "ol",
            { class: "plan" },
            run.plan.map((step) => h("li", null, h("span", { class: plan.has(step) ? null : "only" }, step))),
          ),
    ),
    h(
      "div",
      null,
      h("h3", null, t("Sources")),
      !run.sources.size
        ? h("p", { class: "soft" }, t("There are none."))
        : h(
            "ol",
            { class: "sources" },
            [...run.sources.values()].map((source) =>
              h(
                "li",
                null,
                h("span", { class: "n" }, `[${source.number}]`),
                h(
                  "div",
                  null,
                  source.title,
                  h(
                    "span",
                    { class: "where" },
                    host(source.url),
                    known.has(source.url) ? "" : h("span", { class: "only" }, t(" · only here")),
                  ),
                ),
              ),
            ),
          ),
    ),
    h(
      "div",
      null,
      h("h3", null, t("Report")),
      h("div", { class: "prose", dir: "auto" }, prose ?? h("p", { class: "soft" }, t("There is none."))),
    ),
  );
}

async function text(run, id) {
  if (run.status !== "completed") return null;
  const article = (await reportDocument(id)).querySelector("article");
  article?.querySelector("h1")?.remove();
  return [...(article?.children ?? [])].map(block);
}

/** A block of the report without its links; a list stays a list. */
function block(one) {
  const words = (element) => element.textContent.trim().replace(/\s*\n\s*/g, " ");
  if (/^[UO]L$/.test(one.nodeName))
    return h(
      one.nodeName,
      null,
      [...one.children].map((item) => h("li", null, words(item))),
    );
  if (one.nodeName === "TABLE") return table(one, words);
  return h(/^H\d$/.test(one.nodeName) ? "h4" : "p", null, words(one));
}

const table = (one, words) =>
  h(
    "table",
    null,
    [...one.rows].map((row) =>
      h(
        "tr",
        null,
        [...row.cells].map((cell) => h(cell.nodeName, null, words(cell))),
      ),
    ),
  );

async function choose(a) {
  const box = $("choose"),
    { jobs } = await api.jobs(new URLSearchParams({ limit: "30" }));
  const others = jobs.filter((job) => job.job_id !== a);
  box.hidden = false;
  if (!others.length)
    return box.replaceChildren(h("div", { class: "empty" }, h("p", null, t("There is no other job to compare with."))));
  const rows = h("ol", { class: "rows slim-rows" });
  box.replaceChildren(h("h2", null, a ? t("Compare with which job?") : t("Compare which job?")), rows);
  drawRows(rows, others, () => {});
  for (const link of rows.querySelectorAll(".what a")) {
    const other = link.getAttribute("href").split("/").at(-1);
    link.href = at(a ? `/compare?a=${a}&b=${other}` : `/compare?a=${other}`);
  }
}

async function start() {
  if (!ids[0] || !ids[1]) return choose(ids[0] ?? ids[1]);
  const logs = await Promise.all(ids.map(log));
  const [a, b] = logs.map((events) => fold(events));
  const n = common(logs[0], logs[1]),
    fork = [a, b].find((run, at) => run.forkedFrom?.origin === ids[1 - at]);
  say(
    $("words"),
    fork
      ? [
          fork === a
            ? t`The left job begins where the other was after event ${fork.forkedFrom?.after}.`
            : t`The right job begins where the other was after event ${fork.forkedFrom?.after}.`,
          t("What differs is in bold or in colour."),
        ].join(" ")
      : n > 1
        ? t`Their first ${count(n)} events are the same; they part at event ${n + 1}.`
        : t("These jobs have no events in common. What differs is in bold or in colour."),
  );
  const texts = await Promise.all([text(a, ids[0]), text(b, ids[1])]);
  $("pair").replaceChildren(side(t("Left"), a, b, ids[0], texts[0]), side(t("Right"), b, a, ids[1], texts[1]));
}

start().catch((error) => say($("words"), error.message));
