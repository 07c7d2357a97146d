// What is shown only once: a key, a secret, the address of a link.
import { h, say } from "./dom.js";
import { t } from "./language.js";

/**
 * A text that cannot be read again, with a button that copies it.
 * @param {string} text
 * @param {string} words
 */
export function secretBox(text, words) {
  const field = h("input", { readonly: true, value: text, "aria-label": words, class: "secret" });
  const copy = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        field.select();
        await navigator.clipboard.writeText(text).then(
          () => say(copy, t("Copied")),
          () => say(copy, t("Not copied")),
        );
      },
    },
    t("Copy"),
  );
  return h("div", { class: "notice secret-box", role: "status" }, h("p", null, words), field, copy);
}
