// All jobs: filters and the place in the list stand in the address.
import { told } from "./api.js";
import { $, complain, h, OUTCOMES, STATUSES, say, statusName } from "./dom.js";
import { t } from "./language.js";
import { allowSaving, drawLibrary } from "./library.js";
import { at } from "./root.js";
import { drawRows, poll } from "./rows.js";

const LIMIT = 30;
const CHOICES = ["status", "outcome", "collection", "sort"];
const COSTS = ["min_cost", "max_cost"]; // of a saved filter; the page has no field for them
const FIELDS = ["q", ...CHOICES];
const filters = $("filters");

for (const name of STATUSES) filters.elements.status.append(h("option", { value: name }, statusName(name)));

for (const [name, words] of Object.entries(OUTCOMES))
  filters.elements.outcome.append(h("option", { value: name }, words));

const asked = () => new URLSearchParams(location.search);

function search() {
  const from = asked(),
    to = new URLSearchParams({ limit: String(LIMIT) });
  for (const name of [...FIELDS, ...COSTS, "favourite", "cursor"])
    if (from.get(name)) to.set(name, from.get(name) ?? "");
  for (const tag of from.getAll("tags")) to.append("tags", tag);
  return to;
}

/** Show what the address asks for, but leave the field in which somebody writes already. */
function fill(/** @type {Element | null} */ written = null) {
  const from = asked();
  const put = (field, value) => {
    if (field !== written) field.value = value;
  };
  for (const name of FIELDS) put(filters.elements[name], from.get(name) ?? "");
  // The library fills in the collections when it is there.
  if (from.get("collection") && !filters.elements.collection.value)
    filters.elements.collection.append(h("option", { selected: true }, from.get("collection")));
  put(filters.elements.tags, from.getAll("tags").join(", "));
  filters.elements.favourite.checked = from.get("favourite") === "true";
  $("clear").hidden = ![...FIELDS, ...COSTS, "favourite", "tags"].some((name) => from.get(name));
  allowSaving(asked);
}

function address(change) {
  const to = asked();
  change(to);
  return at(to.size ? `/browse/jobs?${to}` : "/browse/jobs");
}

function go(url) {
  history.pushState(null, "", url);
  fill();
  again();
}

function show(page) {
  $("problem").hidden = true;
  drawRows($("rows"), page.jobs, changed, new Map(page.marks.map((mark) => [mark.job_id, mark])));
  $("head").hidden = !page.jobs.length;
  const filtered = asked().size > 0;
  $("empty").hidden = page.jobs.length > 0;
  if (!page.jobs.length)
    $("empty").replaceChildren(
      ...(filtered
        ? [h("p", null, t("No job fits these filters."))]
        : [
            h("p", null, t("Nothing was asked yet.")),
            h("p", null, h("a", { href: "/" }, t("Ask the first question"))),
          ]),
    );
  const older = $("older"),
    newest = $("newest");
  older.hidden = !page.next_cursor;
  if (page.next_cursor) older.href = address((to) => to.set("cursor", page.next_cursor));
  newest.hidden = !asked().get("cursor");
  newest.href = address((to) => to.delete("cursor"));
}

function failed(error) {
  say($("problem"), error.message);
  $("problem").hidden = false;
}

const changed = (answer) => {
  if (answer instanceof Error) complain(told(answer));
  else drawLibrary(asked, go);
  again();
};

filters.addEventListener("submit", (event) => {
  event.preventDefault();
  go(
    address((to) => {
      for (const name of ["cursor", ...FIELDS, "tags", "favourite"]) to.delete(name);
      if (filters.elements.favourite.checked) to.set("favourite", "true");
      for (const name of FIELDS) if (filters.elements[name].value) to.set(name, filters.elements[name].value);
      for (const tag of filters.elements.tags.value
        .split(",")
        .map((text) => text.trim())
        .filter(Boolean))
        to.append("tags", tag);
    }),
  );
});
for (const name of [...CHOICES, "favourite"])
  filters.elements[name].addEventListener("change", () => filters.requestSubmit());
$("clear").addEventListener("click", () => go(at("/browse/jobs")));
for (const link of [$("older"), $("newest")])
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(link.href);
    scrollTo(0, 0);
  });
addEventListener("popstate", () => {
  fill();
  again();
});

fill(document.activeElement);
drawLibrary(asked, go);
const again = poll(search, show, failed);
