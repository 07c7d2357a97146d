// What pages of operators share: orders to the server, and rows of what there is.
import { told } from "./api.js";
import { $, h, keep, say, tell } from "./dom.js";
import { t } from "./language.js";

/** @param {unknown} error */
export function failed(error) {
  say($("problem"), told(error));
  $("problem").hidden = false;
}

/**
 * What makes buttons that ask the server for something and then look again. An order that returns false was
 * not given.
 * @param {() => unknown} look
 */
export const ordering =
  (look) =>
  (words, act, props = {}) => {
    const button = h("button", { type: "button", class: "slim", ...props }, words);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        if ((await act()) !== false) tell(t`${words}: done.`, true);
        $("problem").hidden = true;
      } catch (error) {
        failed(error);
      }
      button.disabled = false;
      look();
    });
    return button;
  };

/** Rows of a list, each of a title, a line below, and what can be done. */
export function fill(name, items, key, parts) {
  // A beat alone changes nothing that is shown, and would take the focus from a button.
  const version = (item) =>
    JSON.stringify({ ...item, beat_at: null, oldest_seconds: Math.round(item.oldest_seconds ?? 0) });
  keep($(name), items, key, version, (item) => {
    const [title, line, ...acts] = parts(item);
    return h(
      "li",
      { class: "row document" },
      h("div", { class: "what" }, h("p", { dir: "auto" }, title), h("p", { class: "sub" }, line)),
      h("div", { class: "acts" }, acts),
    );
  });
  $(`no-${name}`).hidden = items.length > 0;
}
