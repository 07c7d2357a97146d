// Keys and webhooks on the page of operations: what makes them, and the rows of keys.
import { api } from "./api.js";
import { confirmed, h } from "./dom.js";
import { t } from "./language.js";
import { secretBox } from "./secret.js";
import { date } from "./words.js";

const SCOPES = ["read", "submit", "documents", "admin"];
const EVENTS = ["job.submitted", "job.input_required", "job.completed", "job.failed", "job.cancelled"];
const STATES = { valid: t("valid"), expired: t("expired"), revoked: t("revoked"), suspended: t("suspended") };

const checks = (name, values, chosen) =>
  values.map((value) =>
    h(
      "label",
      { class: "check" },
      h("input", { type: "checkbox", name, value, checked: chosen.includes(value) }),
      value,
    ),
  );

export const field = (words, name, props) => h("label", { class: "field" }, words, h("input", { name, ...props }));

/** A form in a fold; `send` returns what is shown only once. */
export function making(words, fields, send, failed) {
  const shown = h("div");
  const form = h("form", { class: "making" }, fields, h("button", { class: "slim" }, words));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      shown.replaceChildren(await send(new FormData(form)));
      form.reset();
    } catch (error) {
      failed(error);
    }
  });
  return h("details", { class: "more" }, h("summary", null, words), h("div", null, form, shown));
}

const keyShown = ({ key, secret }) => secretBox(secret, t`Key ${key.name}; it is shown only once:`);

/** @param {(error: unknown) => void} failed */
export const keyForm = (failed) => keyFormOf(undefined, failed);

/**
 * A form for a key of a tenant, of one's own where none is named.
 * @param {string | undefined} tenant
 * @param {(error: unknown) => void} failed
 */
export const keyFormOf = (tenant, failed) =>
  making(
    t("Make a key"),
    [
      field(t("Name"), "name", { required: true, maxlength: 100 }),
      h("fieldset", null, h("legend", null, t("May")), checks("scopes", SCOPES, ["read", "submit"])),
      field(t("Ends after days; empty: never"), "days", { type: "number", min: 1, max: 3650 }),
    ],
    async (given) => {
      const days = Number(given.get("days")) || null;
      const body = { name: given.get("name"), scopes: given.getAll("scopes"), expires_in_days: days, tenant };
      return keyShown(await api.createKey(body));
    },
    failed,
  );

/** @param {(error: unknown) => void} failed */
export const hookForm = (failed) =>
  making(
    t("Make a webhook"),
    [
      field(t("Address"), "url", { type: "url", required: true, maxlength: 2000, placeholder: "https://" }),
      h("fieldset", null, h("legend", null, t("Hears of")), checks("events", EVENTS, EVENTS.slice(1))),
      field(t("Description"), "description", { maxlength: 200 }),
    ],
    async (given) => {
      const events = given.getAll("events");
      const body = { url: given.get("url"), events, description: given.get("description") };
      const { secret } = await api.createWebhook(body);
      return secretBox(secret, t("The secret that signs its messages; it is shown only once:"));
    },
    failed,
  );

/**
 * The row of a key, with what can be done with it.
 * @param {any} key
 * @param {(words: string, act: () => Promise<any>, props?: any) => any} order
 * @param {(shown: any) => void} show
 */
export function keyRow(key, order, show) {
  const { key_id: id, name, scopes, state, expires_at: ends, last_used_at: used, subject } = key;
  const words = [
    scopes.join(", "),
    STATES[state] ?? state,
    ends && t`ends ${date(ends)}`,
    used ? t`last used ${date(used)}` : t("never used"),
  ];
  const revoke = async () => {
    const text = t("It is refused within seconds. This cannot be taken back.");
    return (await confirmed(t`Revoke ${name}?`, text, t("Revoke"), t("Keep it"))) ? api.revokeKey(id) : false;
  };
  const rotate = async () => {
    const text = t("A key with the same name and scopes takes its place; the old one is refused within seconds.");
    if (!(await confirmed(t`Rotate ${name}?`, text, t("Rotate"), t("Keep it")))) return false;
    const days = ends ? Math.max(1, Math.ceil((Date.parse(ends) - Date.now()) / 86_400_000)) : null;
    show(keyShown(await api.createKey({ name, scopes, expires_in_days: days, tenant: key.tenant })));
    return api.revokeKey(id);
  };
  const acts =
    state === "valid"
      ? [
          subject ? "" : order(t("Rotate"), rotate, { "aria-label": t`Rotate ${name}` }), // a sign-in ends
          order(t("Revoke"), revoke, { "aria-label": t`Revoke ${name}` }),
        ]
      : [];
  return [[h("b", null, name), ` ${subject ?? id} · ${key.tenant}`], words.filter(Boolean).join(" · "), ...acts];
}
