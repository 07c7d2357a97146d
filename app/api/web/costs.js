// What jobs cost, by day, tenant, model or tag, and how much of each quota is used.
import { api, told } from "./api.js";
import { h, heads, say } from "./dom.js";
import { t } from "./language.js";
import { atLeast, count, few, many, money, size } from "./words.js";

const GROUPS = { day: t("Day"), tenant: t("Tenant"), model: t("Model"), tag: t("Tag") };
const NOTHING = { model: t("no model"), tag: t("no tag") };
const DAYS = [1, 7, 30, 90, 366];

/** Draw the section into its place, and again whenever another grouping is chosen. */
export function showCosts(box) {
  const by = h(
    "select",
    { id: "cost-by" },
    Object.entries(GROUPS).map(([value, words]) => h("option", { value }, words)),
  );
  const days = h(
    "select",
    { id: "cost-days" },
    DAYS.map((n) => h("option", { value: n, selected: n === 30 }, many(n, "day"))),
  );
  const table = h("table", { class: "cost-table" });
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const limits = h("div", { id: "limits" });
  let asked = 0;
  const look = async () => {
    const turn = ++asked;
    wrong.hidden = true;
    try {
      const found = await api.costs(by.value, days.value);
      if (turn !== asked) return; // something else was chosen meanwhile
      table.replaceChildren(...rows(found));
      limits.replaceChildren(...quotas(found.quotas));
    } catch (error) {
      if (turn !== asked) return;
      wrong.hidden = false;
      say(wrong, told(error));
    }
  };
  for (const choice of [by, days]) choice.addEventListener("change", look);
  box.replaceChildren(
    h("h2", { id: "costs-title" }, t("Costs")),
    h(
      "div",
      { class: "filters" },
      h("div", { class: "field" }, h("label", { for: "cost-by" }, t("By")), by),
      h("div", { class: "field" }, h("label", { for: "cost-days" }, t("Submitted within")), days),
    ),
    wrong,
    h("div", { class: "wide-table", tabindex: 0, role: "region", "aria-labelledby": "costs-title" }, table),
    h("h2", null, t("Limits")),
    limits,
  );
  return look();
}

function rows({ by, rows: found }) {
  const names = [GROUPS[by], t("Jobs"), t("Cost"), t("Tokens")];
  const cells = (row) => [count(row.jobs), atLeast(row.cost_usd, row.unknown_cost_calls), few(row.tokens)];
  return [
    heads(names),
    h(
      "tbody",
      null,
      found.length
        ? found.map((row) =>
            h(
              "tr",
              null,
              h("th", { scope: "row", dir: "auto" }, row.name || NOTHING[by]),
              cells(row).map((cell) => h("td", null, cell)),
            ),
          )
        : h("tr", null, h("td", { colspan: 4 }, t("No job was submitted in this time."))),
    ),
  ];
}

function quotas(found) {
  if (!found.length)
    return [h("p", { class: "soft" }, t("No tenant has a quota; an operator sets one with dossier quota set."))];
  return found.map((one) => h("section", null, h("h3", null, one.tenant), h("dl", { class: "budget" }, uses(one))));
}

function uses(one) {
  const spent = one.spent_usd + one.reserved_usd;
  const parts = [
    [t("Unfinished jobs"), one.unfinished_jobs, one.max_unfinished_jobs, count],
    [t("Jobs today"), one.jobs_today, one.max_jobs_per_day, count],
    [t("This month, with what is reserved"), spent, one.max_usd_per_month, money],
    [t("Tokens this month"), one.used_tokens + one.reserved_tokens, one.max_tokens_per_month, count],
    [t("Bytes of documents"), one.document_bytes, one.max_document_bytes, size],
  ];
  return parts
    .filter(([, , most]) => typeof most === "number")
    .map(([name, used, most, words]) =>
      h(
        "div",
        null,
        h("dt", null, name),
        h("dd", null, h("b", null, words(used)), t` of ${words(most)}`),
        h("dd", { class: used >= most ? "bar full" : "bar", share: used / most }),
      ),
    );
}
