// Keys that a tenant has with providers: set and removed, and never shown.
import { api } from "./api.js";
import { confirmed, h } from "./dom.js";
import { field, making } from "./keys.js";
import { t } from "./language.js";
import { date } from "./words.js";

const PROVIDERS = [
  ...["openai", "anthropic", "gemini", "mistral", "groq", "deepseek", "openrouter"],
  ...["embedding", "rerank", "tavily", "brave", "http"],
];

/**
 * @param {() => unknown} look
 * @param {(error: unknown) => void} failed
 */
export const providerForm = (look, failed) =>
  making(
    t("Set a key"),
    [
      h(
        "label",
        { class: "field" },
        t("Provider"),
        h(
          "select",
          { name: "provider" },
          PROVIDERS.map((name) => h("option", { value: name }, name)),
        ),
      ),
      field(t("Key"), "key", { type: "password", required: true, maxlength: 4000, autocomplete: "off" }),
      field(t("Address; empty: the provider's own"), "base_url", { type: "url", maxlength: 1000 }),
    ],
    async (given) => {
      const { provider } = await api.setProviderKey(Object.fromEntries(given));
      look();
      return h("p", { class: "notice", role: "status" }, t`The key for ${provider} is set.`);
    },
    failed,
  );

/** The row of a key, without the key. */
export function providerRow({ provider, base_url: url, set_at: at, set_by: by }, order) {
  const remove = async () => {
    const text = t("Jobs that begin later use the server's own key, if it has one.");
    const isSure = await confirmed(t`Remove the key for ${provider}?`, text, t("Remove"), t("Keep it"));
    return isSure ? api.removeProviderKey(provider) : false;
  };
  const line = [url || t("the provider's own address"), t`set ${date(at)} by ${by}`].join(" · ");
  return [h("b", null, provider), line, order(t("Remove"), remove, { "aria-label": t`Remove ${provider}` })];
}
