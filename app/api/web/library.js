// The library beside the list of jobs: collections to choose from, and filters under a name.
import { api, told } from "./api.js";
import { $, complain, h } from "./dom.js";
import { t } from "./language.js";
import { count } from "./words.js";

const LISTS = ["tags"];
const KEPT = ["q", "status", "outcome", "favourite", "collection", "sort"];

/** The address of a saved search. */
function addressOf(search) {
  const to = new URLSearchParams();
  for (const name of KEPT) if (search[name]) to.set(name, String(search[name]));
  for (const name of LISTS) for (const one of search[name] ?? []) to.append(name, one);
  for (const name of ["min_cost", "max_cost"]) if (name in search) to.set(name, String(search[name]));
  return `/browse/jobs?${to}`;
}

/** The search of an address, as the server keeps it. */
function searchOf(/** @type {URLSearchParams} */ asked) {
  /** @type {Record<string, unknown>} */
  const search = {};
  for (const name of KEPT) if (asked.get(name)) search[name] = asked.get(name);
  if (search.favourite) search.favourite = true;
  for (const name of LISTS) if (asked.has(name)) search[name] = asked.getAll(name);
  for (const name of ["min_cost", "max_cost"]) if (asked.has(name)) search[name] = Number(asked.get(name));
  return search;
}

/** Draw the library; `go` shows the jobs of an address. */
export async function drawLibrary(asked, go) {
  const found = await api.library().catch(() => null);
  if (!found) return;
  const chosen = $("collection").value || (asked().get("collection") ?? "");
  const known = found.collections.map((one) => one.name);
  if (chosen && !known.includes(chosen)) found.collections.push({ name: chosen, jobs: 0 });
  $("collection").replaceChildren(
    h("option", { value: "" }, t("Any")),
    ...found.collections.map(({ name, jobs }) => h("option", { value: name }, `${name} (${count(jobs)})`)),
  );
  $("collection").value = chosen;
  const again = () => drawLibrary(asked, go);
  $("saved").replaceChildren(
    ...found.filters.map((one) => saved(one, go, again)),
    h(
      "li",
      { id: "save-filter", hidden: !Object.keys(searchOf(asked())).length },
      h(
        "button",
        { type: "button", class: "slim", onclick: () => nameIt(searchOf(asked()), again) },
        t("Save these filters"),
      ),
    ),
  );
}

export const allowSaving = (asked) => {
  const box = document.getElementById("save-filter");
  if (box) box.hidden = !Object.keys(searchOf(asked())).length;
};

function saved({ filter_id: id, name, search }, go, again) {
  const link = h("a", { href: addressOf(search), dir: "auto" }, name);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(link.href);
  });
  const remove = async () => {
    await api.deleteFilter(id).catch((error) => complain(told(error)));
    again();
  };
  return h(
    "li",
    { class: "tag" },
    link,
    h("button", { type: "button", class: "away", "aria-label": t`Delete the filter ${name}`, onclick: remove }, "×"),
  );
}

function nameIt(search, again) {
  const name = h("input", { name: "name", required: true, maxlength: 60, autofocus: true });
  const form = h(
    "form",
    { class: "making" },
    h("label", { class: "field" }, t("Name"), name),
    h(
      "div",
      { class: "acts" },
      h("button", { class: "main" }, t("Save")),
      h("button", { type: "button", onclick: () => dialog.close() }, t("Close")),
    ),
  );
  const dialog = h(
    "dialog",
    { "aria-labelledby": "name-title" },
    h("h2", { id: "name-title" }, t("Save these filters")),
    form,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await api.saveFilter(name.value.trim(), search);
      dialog.close();
      again();
    } catch (error) {
      name.setCustomValidity(told(error));
      name.reportValidity();
    }
  });
  name.addEventListener("input", () => name.setCustomValidity(""));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
