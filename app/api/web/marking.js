// What readers keep about a job: a star, a note, collections. It is theirs, and no part of the job's log.
import { api, told } from "./api.js";
import { complain, h, say } from "./dom.js";
import { t } from "./language.js";

const MOST = 20; // collections of a job

/** The names in a line of commas. */
export const names = (/** @type {string} */ line) => [
  ...new Set(
    line
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean),
  ),
];

/** A button that makes a job a favourite, or one no more. */
export function star(id, mark, title, changed) {
  const isOne = Boolean(mark?.favourite);
  return h(
    "button",
    {
      type: "button",
      class: "star",
      "aria-pressed": String(isOne),
      "aria-label": t`Favourite: ${title.slice(0, 80)}`,
      title: isOne ? t("A favourite") : t("Make it a favourite"),
      onclick: async (event) => {
        event.target.disabled = true;
        changed(await api.mark(id, { favourite: !isOne }).catch((error) => error));
        event.target.disabled = false;
      },
    },
    isOne ? "★" : "☆",
  );
}

export const shelf = (name) =>
  h("a", { class: "tag", dir: "auto", href: `/browse/jobs?collection=${encodeURIComponent(name)}` }, name);

/** The mark of a job, kept up to date in `box`. */
export async function showMark(box, id, title) {
  const draw = (mark) => {
    if (mark instanceof Error) return complain(told(mark));
    const had = box.contains(document.activeElement) && [...box.children].indexOf(document.activeElement);
    box.replaceChildren(
      star(id, mark, title, draw),
      h("button", { type: "button", class: "slim quiet", onclick: () => openMark(id, mark, draw) }, words(mark)),
      ...mark.collections.map(shelf),
      mark.note ? h("p", { class: "note-text", dir: "auto" }, mark.note) : "",
    );
    if (had !== false) box.children[had]?.focus();
  };
  const mark = await api.markOf(id).catch(() => null);
  if (mark) draw(mark);
}

const words = ({ note, collections }) =>
  note || collections.length ? t("Edit note and collections") : t("Note and collections");

async function openMark(id, mark, done) {
  const library = await api.library().catch(() => ({ collections: [] }));
  const note = h("textarea", { name: "note", maxlength: 4000, rows: 4, dir: "auto" });
  const collections = h("input", { name: "collections", list: "mark-names", value: mark.collections.join(", ") });
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  note.value = mark.note;
  const form = h(
    "form",
    { class: "making" },
    h("label", { class: "field" }, t("Note"), note),
    h(
      "label",
      { class: "field" },
      h("span", null, t("Collections"), " ", h("span", { class: "hint" }, t`separated by commas, at most ${MOST}`)),
      collections,
    ),
    h(
      "datalist",
      { id: "mark-names" },
      library.collections.map(({ name }) => h("option", { value: name })),
    ),
    wrong,
    h(
      "div",
      { class: "acts" },
      h("button", { class: "main" }, t("Save")),
      h("button", { type: "button", onclick: () => dialog.close() }, t("Close")),
    ),
  );
  const dialog = h(
    "dialog",
    { class: "forking", "aria-labelledby": "mark-title" },
    h("h2", { id: "mark-title" }, t("Note and collections")),
    h("p", { class: "soft" }, t("Kept beside the job, for all who use this library; the job’s log stays as it is.")),
    form,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      done(await api.mark(id, { note: note.value.trim(), collections: names(collections.value) }));
      dialog.close();
    } catch (error) {
      wrong.hidden = false;
      say(wrong, told(error));
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
