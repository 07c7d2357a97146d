// Files that workers read: how far each is, what came of it, and a way to stop it. The server keeps the list, so
// it is the same after a reload. One request a second asks for all of them: a stream each would use up the
// browser's six connections.
import { api, told } from "./api.js";
import { complain, h, say, tell } from "./dom.js";
import { t } from "./language.js";
import { many, size } from "./words.js";

const ASKED_MS = 1000;
const UNSEEN_MS = 10000; // while nobody looks, or the server is away
const SHOWN = 100;
const FAULTS = 20; // shown of one archive

const CHANGES = {
  added: t("added"),
  changed: t("changed"),
  unchanged: t("was there"),
  same_text: t("has a text that was there"),
};

/** What came of a file: its documents, and what could not be read. */
export function outcome({ documents, failed, skipped }) {
  const changes = documents.map((one) => CHANGES[one.change] ?? one.change);
  return [
    documents.length === 1 ? `${documents[0].title}: ${changes[0]}` : many(documents.length, "document"),
    failed.length && t`${many(failed.length, "file")} in it could not be read`,
    skipped.length && t`${many(skipped.length, "file")} of other formats left out`,
  ]
    .filter(Boolean)
    .join("; ");
}

const isOpen = (one) => one.status === "pending" || one.status === "running";

function standing(one) {
  if (one.status === "failed") return (one.error ?? t("unknown")).replace(`${one.name}: `, ""); // says what to do
  if (one.result) return outcome(one.result);
  if (one.status === "cancelled") return t`Cancelled; ${many(one.documents_done, "document")} of it stay.`;
  if (one.status === "pending") return t("waits for a worker");
  if (one.documents_total === null) return t("is read");
  return t`${one.documents_done} of ${many(one.documents_total, "document")} stored`;
}

const LOOKS = { completed: "good", failed: "bad" };

function row(one, cancel) {
  return h(
    "li",
    { class: LOOKS[one.status] ?? "" },
    h("b", { dir: "auto" }, one.name),
    h("span", { class: "soft" }, size(one.size)),
    isOpen(one) ? h("progress", { max: 100, value: one.progress, "aria-label": one.name }) : "",
    h("span", null, standing(one)),
    isOpen(one)
      ? h(
          "button",
          { type: "button", class: "slim", "aria-label": t`Cancel: ${one.name}`, onclick: () => cancel(one) },
          t("Cancel"),
        )
      : "",
    one.result?.failed.length
      ? h(
          "ul",
          { class: "faults" },
          one.result.failed.slice(0, FAULTS).map((why) => h("li", { dir: "auto" }, why)),
        )
      : "",
  );
}

/**
 * The newest files that workers read. `ended` hears when one is over.
 * @param {() => void} ended
 */
export function ingestionList(ended) {
  const list = h("ul", { class: "uploads ingestions", "aria-label": t("Files that workers read") });
  const problem = h("p", { class: "hint", role: "status" });
  const element = h("div", { class: "uploads", hidden: true }, list, problem);
  let drawn = new Map();
  let open = new Set();
  let timer = 0;
  const draw = (all) => {
    const before = drawn;
    drawn = new Map(
      all.map((one) => {
        const version = JSON.stringify(one);
        const known = before.get(one.ingestion_id);
        const item = known?.version === version ? known.item : row(one, cancel);
        return [one.ingestion_id, { item, version }];
      }),
    );
    const items = [...drawn.values()].map(({ item }) => item);
    if (items.some((item, at) => item !== list.children[at]) || items.length !== list.children.length)
      list.replaceChildren(...items); // only then: else a button would lose its focus
    element.hidden = !all.length;
    const over = all.filter((one) => open.has(one.ingestion_id) && !isOpen(one));
    open = new Set(all.filter(isOpen).map((one) => one.ingestion_id));
    for (const one of over) tell(`${one.name}: ${standing(one)}`);
    if (over.length) ended();
  };
  const show = async () => {
    clearTimeout(timer);
    let pause = document.hidden ? UNSEEN_MS : ASKED_MS;
    try {
      const page = await api.ingestions(SHOWN);
      draw(page.ingestions);
      say(problem, page.next_cursor ? t`Only the ${SHOWN} newest are shown.` : "");
      if (!open.size) return;
    } catch (error) {
      say(problem, told(error));
      pause = UNSEEN_MS;
    }
    clearTimeout(timer);
    timer = setTimeout(show, pause);
  };
  const cancel = async (one) => {
    try {
      await api.cancelIngestion(one.ingestion_id);
    } catch (error) {
      complain(told(error));
    }
    show();
  };
  return { element, show };
}
