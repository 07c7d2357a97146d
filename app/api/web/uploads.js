// Files that are dropped or chosen are sent one after the other, each with its progress. What is big, or many, is
// read by workers: it outlives the page.
import { api, told } from "./api.js";
import { h, say, tell } from "./dom.js";
import { ingestionList, outcome } from "./ingestions.js";
import { t } from "./language.js";
import { size } from "./words.js";

const FEW = 5; // files that are read while one waits for them
const SMALL = 2_000_000; // bytes; a worker reads what is more

/**
 * A place to drop files on. `added` hears when a file was read; `isListed`: files of before are shown, too.
 * @param {() => string} collections
 * @param {() => void} added
 * @param {boolean} [isListed]
 */
export function uploadBox(collections, added, isListed = false) {
  const later = ingestionList(added);
  const input = h("input", { type: "file", multiple: true, class: "unseen", id: "files" });
  const list = h("ul", { class: "uploads", "aria-label": t("Uploads") });
  const box = h(
    "div",
    { class: "drop" },
    input,
    h("label", { for: "files", class: "button slim" }, t("Choose files")),
    h("span", { class: "hint" }, t("or drop them here: PDF, Word, slides, tables, pages, text, mail, archives.")),
    list,
    later.element,
  );
  if (isListed) later.show();
  let last = Promise.resolve();
  const take = (files) => {
    const isMany = files.length > FEW;
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
      last = last.then(() => send(file, { row, line, bar }, isMany || file.size > SMALL));
    }
  };
  const send = async (file, { row, line, bar }, isLater) => {
    const shows = (share) => {
      bar.value = share;
      say(line, share < 1 ? t("is sent") : t("is read"));
    };
    shows(0);
    try {
      const answer = await api.addDocument(file, collections(), shows, isLater);
      if (isLater) {
        row.remove(); // the list of files that workers read goes on with it
        return later.show();
      }
      say(line, outcome(answer));
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
  takeDrops(box, take);
  return box;
}

/** Files may be dropped anywhere on the view: beside the box the browser would leave the page to show them. */
function takeDrops(box, take) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    box.classList.add("over");
  });
  for (const end of ["dragleave", "drop"]) document.addEventListener(end, () => box.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const folded = box.closest("details");
    if (folded) folded.open = true;
    take(event.dataTransfer?.files ?? []);
    box.scrollIntoView({ block: "nearest" });
  });
}
