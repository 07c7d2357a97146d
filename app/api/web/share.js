// Links that show a report to everybody who has them: made, listed and ended in a dialog.
import { api, told } from "./api.js";
import { h, say } from "./dom.js";
import { t } from "./language.js";
import { secretBox } from "./secret.js";
import { date, many } from "./words.js";

const DAYS = [1, 7, 30, 90, 365];

/** @param {string} id */
export async function openShares(id) {
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const made = h("div");
  const list = h("ul", { class: "shares-list" });
  const days = h(
    "select",
    { name: "days" },
    DAYS.map((n) => h("option", { value: n, selected: n === 30 }, many(n, "day"))),
  );
  const form = h(
    "form",
    { class: "send" },
    h("label", null, t("Ends after"), " ", days),
    h("button", { class: "main" }, t("Make a link")),
  );
  const dialog = h(
    "dialog",
    { class: "forking", "aria-labelledby": "share-title" },
    h("h2", { id: "share-title" }, t("Share this report")),
    h("p", { class: "soft" }, t("Everybody who has the link can read the report, and nothing else, until it ends.")),
    form,
    made,
    wrong,
    list,
    h("form", { method: "dialog", class: "acts" }, h("button", null, t("Close"))),
  );
  const attempt = async (act) => {
    wrong.hidden = true;
    try {
      await act();
      draw((await api.shares(id)).shares);
    } catch (error) {
      wrong.hidden = false;
      say(wrong, told(error));
    }
  };
  const draw = (shares) => list.replaceChildren(...shares.map((share) => line(share, attempt)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const { url } = await api.share(id, Number(days.value));
      made.replaceChildren(secretBox(new URL(url, location.origin).href, t("The link; it is shown only once:")));
    });
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  await attempt(async () => {});
}

function line({ share_id: id, created_at: made, expires_at: ends, revoked_at: revoked }, attempt) {
  const isOver = revoked || Date.parse(ends) < Date.now();
  const end = () => attempt(() => api.revokeShare(id));
  return h(
    "li",
    null,
    h(
      "span",
      { class: isOver ? "soft" : null },
      revoked ? t`Made ${date(made)}, revoked ${date(revoked)}` : t`Made ${date(made)}, ends ${date(ends)}`,
    ),
    isOver ? "" : h("button", { type: "button", class: "slim", onclick: end }, t("Revoke")),
  );
}
