// The access log: who asked for what, a page of it by the address of this page.
import { api } from "./api.js";
import { $, h, heads } from "./dom.js";
import { t } from "./language.js";
import { date } from "./words.js";

const SHOWN = "50";
const NAMES = [t("When"), t("Status"), t("Who"), t("Tenant"), t("Route"), t("Job")];

/** Show the page of the log that the address asks for. */
export async function showAccess() {
  const asked = new URLSearchParams(location.search);
  const search = new URLSearchParams({ limit: SHOWN });
  for (const name of ["key_id", "job_id", "cursor"]) {
    const value = asked.get(name)?.trim();
    if (value) search.set(name, value);
    const field = /** @type {HTMLInputElement | null} */ (document.querySelector(`input[name="${name}"]`));
    if (field && field !== document.activeElement) field.value = value ?? ""; // else somebody writes in it already
  }
  const { entries, next_cursor: next } = await api.access(search);
  $("no-access").hidden = entries.length > 0;
  if (entries.length) $("access").replaceChildren(heads(NAMES), h("tbody", null, entries.map(row)));
  lead($("older"), next, search);
  lead($("newest"), search.has("cursor") && "", search);
}

/** A link to another page of the same search; the newest page has no cursor. */
function lead(link, cursor, search) {
  link.hidden = cursor === null || cursor === false;
  const wanted = new URLSearchParams(search);
  wanted.delete("limit");
  wanted.delete("cursor");
  if (cursor) wanted.set("cursor", cursor);
  link.href = `?${wanted}`;
}

function row(entry) {
  const job = entry.job_id && h("a", { href: `/browse/jobs/${entry.job_id}` }, entry.job_id.slice(0, 13));
  const lost = entry.dropped ? t` · ${entry.dropped} before it were lost` : "";
  const cells = [entry.status, entry.actor, entry.tenant ?? "–", `${entry.method} ${entry.route}`, job ?? "–"];
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, date(entry.at), lost),
    cells.map((cell) => h("td", null, cell)),
  );
}
