// Files that are dropped or chosen are added as documents, one after the other, each with its progress.
import { api, told } from "./api.js";
import { h, say, tell } from "./dom.js";
import { t } from "./language.js";
import { many, size } from "./words.js";

const CHANGES = {
  added: t("added"),
  changed: t("changed"),
  unchanged: t("was there"),
  same_text: t("has a text that was there"),
};

/** What came of a file: its documents, and what could not be read. */
function outcome({ documents, failed, skipped }) {
  const changes = documents.map((one) => CHANGES[one.change] ?? one.change);
  return [
    documents.length === 1 ? `${documents[0].title}: ${changes[0]}` : many(documents.length, "document"),
    failed.length && t`${many(failed.length, "file")} in it could not be read`,
    skipped.length && t`${many(skipped.length, "file")} of other formats left out`,
  ]
    .filter(Boolean)
    .join("; ");
}

/**
 * A place to drop files on. `added` hears when a file was read.
 * @param {() => string} collections
 * @param {() => void} added
 */
export function uploadBox(collections, added) {
  const input = h("input", { type: "file", multiple: true, class: "unseen", id: "files" });
  const list = h("ul", { class: "uploads", "aria-label": t("Uploads") });
  const box = h(
    "div",
    { class: "drop" },
    input,
    h("label", { for: "files", class: "button slim" }, t("Choose files")),
    h("span", { class: "hint" }, t("or drop them here: PDF, Word, slides, tables, pages, text, mail, archives.")),
    list,
  );
  let last = Promise.resolve();
  const take = (files) => {
    for (const file of files) {
      const line = h("span", null, t("waits"));
      const bar = h("progress", { max: 1, value: 0, "aria-label": file.name });
      const row = h(
        "li",
        null,
        h("b", { dir: "auto" }, file.name),
        " ",
        h("span", { class: "soft" }, size(file.size)),
        bar,
        line,
      );
      list.append(row);
      last = last.then(() => send(file, { row, line, bar }));
    }
  };
  const send = async (file, { row, line, bar }) => {
    const shows = (share) => {
      bar.value = share;
      say(line, share < 1 ? t("is sent") : t("is read"));
    };
    shows(0);
    try {
      say(line, outcome(await api.addDocument(file, collections(), shows)));
      row.className = "good";
      added();
    } catch (error) {
      say(line, told(error));
      row.className = "bad";
    }
    bar.remove();
    tell(`${file.name}: ${line.textContent}`);
  };
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.classList.add("over");
  });
  for (const end of ["dragleave", "drop"]) box.addEventListener(end, () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  return box;
}
