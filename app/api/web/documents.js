// The documents of this server: add, filter, look at, delete.
import { api, told } from "./api.js";
import { $, confirmed, h, say, tell } from "./dom.js";
import { t } from "./language.js";
import { uploadBox } from "./uploads.js";
import { date, many } from "./words.js";

const filters = $("filters");
let cursor = "";

function failed(error) {
  say($("problem"), told(error));
  $("problem").hidden = false;
}

async function show(more = false) {
  const search = new URLSearchParams({ limit: "50" });
  for (const name of ["collection", "url_prefix"])
    if (filters.elements[name].value) search.set(name, filters.elements[name].value);
  if (more) search.set("cursor", cursor);
  try {
    const page = await api.documents(search);
    $("problem").hidden = true;
    if (!more) $("rows").replaceChildren();
    $("rows").append(...page.documents.map(row));
    cursor = page.next_cursor ?? "";
    $("more").hidden = !cursor;
    $("empty").hidden = $("rows").children.length > 0;
    const isNarrowed = search.has("collection") || search.has("url_prefix");
    say($("empty"), isNarrowed ? t("No document fits.") : t("No documents yet: choose or drop some above."));
  } catch (error) {
    failed(error);
  }
}

/** Say how far documents are embedded, where they are. */
async function showEmbedding() {
  const { is_on: isOn, models } = await api.documentEmbedding();
  if (!isOn) return;
  const lines = models.map(({ name, waiting, failed: refused, error }) =>
    [
      waiting ? t`Documents waiting for vectors of ${name}: ${waiting}.` : t`All documents have vectors of ${name}.`,
      refused ? t`Refused by the model: ${refused}.` : "",
      error ?? "",
    ].join(" "),
  );
  say($("embedding"), lines.join(" "));
}

const row = (one) => {
  const item = h(
    "li",
    { class: "row document" },
    h(
      "div",
      { class: "what" },
      h("button", { type: "button", class: "link", dir: "auto", onclick: () => preview(one) }, one.title || one.url),
      h(
        "p",
        { class: "sub" },
        `${many(one.size, "character")} · ${date(one.added_at)} · ${one.url}`,
        one.collections.map((name) => [" ", h("span", { class: "tag" }, name)]),
      ),
    ),
    h(
      "div",
      { class: "acts" },
      one.original
        ? h("a", { class: "button slim", href: `/documents/${one.document_id}/original`, download: "" }, t("Original"))
        : "",
      h(
        "button",
        { type: "button", class: "slim", "aria-label": t`Delete: ${one.title}`, onclick: () => remove(one, item) },
        t("Delete"),
      ),
    ),
  );
  return item;
};

async function remove(one, item) {
  const text = t("Jobs that come later cannot read it. Those that have read it keep its text.");
  if (!(await confirmed(t`Delete ${one.title || one.url}?`, text, t("Delete"), t("Keep it")))) return;
  try {
    await api.deleteDocument(one.document_id);
    item.remove();
    tell(t("The document was deleted."), true);
  } catch (error) {
    failed(error);
  }
}

async function preview(one) {
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": "document-title" });
  const body = h("div", { class: "body", tabindex: "0" }, h("p", { class: "soft" }, t("Loading the text …")));
  dialog.append(
    h(
      "div",
      { class: "sheet-head" },
      h(
        "div",
        null,
        h("h2", { id: "document-title", dir: "auto" }, one.title || one.url),
        h("button", { type: "button", class: "slim", onclick: () => dialog.close() }, t("Close")),
      ),
      h("p", { class: "small soft" }, one.url),
    ),
    body,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const { text } = await api.documentText(one.document_id);
    const parts = text.split(/\n\s*\n|\f/).filter((part) => part.trim());
    body.replaceChildren(
      h(
        "div",
        { class: "page-text", lang: one.language || null },
        parts.map((part) => h("p", { dir: "auto" }, part)),
      ),
    );
  } catch (error) {
    body.replaceChildren(h("p", { class: "notice bad", role: "alert" }, told(error)));
  }
}

filters.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
$("more").addEventListener("click", () => show(true));
$("upload").append(
  uploadBox(
    () => $("into").value,
    () => show(),
    true,
  ),
);
show();
showEmbedding().catch(failed);
