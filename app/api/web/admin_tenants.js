// Tenants: made, suspended, resumed and bounded by the operator.
import { api } from "./api.js";
import { confirmed, h } from "./dom.js";
import { field, keyFormOf, making } from "./keys.js";
import { t } from "./language.js";
import { count, date, many, money, size } from "./words.js";

const NAME = { required: true, maxlength: 63, pattern: "[a-z0-9][a-z0-9_\\-]*", autocapitalize: "off" };
const noted = (words) => h("p", { class: "notice", role: "status" }, words);

/**
 * @param {() => unknown} look
 * @param {(error: unknown) => void} failed
 */
export const tenantForm = (look, failed) =>
  making(
    t("Make a tenant"),
    [field(t("Name: a-z, 0-9, _ and -"), "tenant", NAME)],
    async (given) => {
      const { tenant } = await api.createTenant(given.get("tenant"));
      look();
      return h("div", null, noted(t`Tenant ${tenant} is made.`), keyFormOf(tenant, failed));
    },
    failed,
  );

/**
 * @param {() => unknown} look
 * @param {(error: unknown) => void} failed
 */
export const quotaForm = (look, failed) =>
  making(
    t("Set a quota"),
    [
      field(t("Tenant"), "tenant", NAME),
      field(t("Unfinished jobs; empty: no limit"), "max_unfinished_jobs", { type: "number", min: 1 }),
      field(t("Jobs a day; empty: no limit"), "max_jobs_per_day", { type: "number", min: 1 }),
      field(t("USD a month; empty: no limit"), "max_usd_per_month", { type: "number", min: 0.01, step: "any" }),
      field(t("Tokens a month; empty: no limit"), "max_tokens_per_month", { type: "number", min: 1 }),
      field(t("Bytes of documents; empty: no limit"), "max_document_bytes", { type: "number", min: 1 }),
      field(t("Open streams of a server process; empty: no limit"), "max_streams", { type: "number", min: 1 }),
    ],
    async (given) => {
      const { tenant, ...most } = Object.fromEntries(given);
      const quota = Object.entries(most).map(([name, value]) => [name, value ? Number(value) : null]);
      await api.setQuota(tenant, Object.fromEntries(quota));
      look();
      return noted(t`The quota of ${tenant} is set.`);
    },
    failed,
  );

/** What a quota allows, and how much of it is used. */
function limits(quota) {
  if (!quota) return [t("no quota")];
  const spent = quota.spent_usd + quota.reserved_usd;
  const tokens = quota.used_tokens + quota.reserved_tokens;
  return [
    [quota.max_unfinished_jobs, (most) => t`unfinished jobs: ${count(quota.unfinished_jobs)} of ${count(most)}`],
    [quota.max_jobs_per_day, (most) => t`jobs today: ${count(quota.jobs_today)} of ${count(most)}`],
    [quota.max_usd_per_month, (most) => t`this month: ${money(spent)} of ${money(most)}`],
    [quota.max_tokens_per_month, (most) => t`tokens this month: ${count(tokens)} of ${count(most)}`],
    [quota.max_document_bytes, (most) => t`documents: ${size(quota.document_bytes)} of ${size(most)}`],
    [quota.max_streams, (most) => t`open streams: ${count(most)} at most`],
  ].flatMap(([most, words]) => (typeof most === "number" ? [words(most)] : []));
}

/** The row of a tenant; `default` was always there, and stays. */
export function tenantRow({ tenant, suspended_at: suspended, keys, quota }, order) {
  const words = [many(keys, "valid key"), suspended && t`suspended since ${date(suspended)}`, ...limits(quota)];
  const suspend = async () => {
    const text = t("Its keys are refused within seconds. Its jobs go on.");
    const isSure = await confirmed(t`Suspend ${tenant}?`, text, t("Suspend"), t("Leave it open"));
    return isSure ? api.orderTenant(tenant, "suspend") : false;
  };
  const resume = () => api.orderTenant(tenant, "resume");
  const act = suspended
    ? order(t("Resume"), resume, { "aria-label": t`Resume ${tenant}` })
    : order(t("Suspend"), suspend, { "aria-label": t`Suspend ${tenant}` });
  return [h("b", null, tenant), words.filter(Boolean).join(" · "), ...(tenant === "default" ? [] : [act])];
}
