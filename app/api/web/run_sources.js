// The pages that were found, and those of them that were read.
import { $, h, keep, out, say } from "./dom.js";
import { isOver } from "./fold.js";
import { t } from "./language.js";
import { id } from "./run_state.js";
import { openSource } from "./source.js";
import { asideInWords, count, host, size } from "./words.js";

const PART = 25; // shown at first, and more at each wish
let most = PART;

const list = $("sources"),
  more = $("more-sources");
let last = null;
more.addEventListener("click", () => {
  most += 4 * PART;
  drawSources(last);
});

export function drawSources(job) {
  last = job;
  const all = [...job.sources.values()];
  $("no-sources").hidden = all.length > 0;
  $("no-sources").textContent = isOver(job.status) ? t("No page was found.") : t("Nothing found yet.");
  keep(
    list,
    all.slice(0, most),
    (source) => source.number,
    (source) => source.touched,
    one,
  );
  more.hidden = all.length <= most;
  say(more, t`More of ${count(all.length)} sources`);
}

function standing(source) {
  if (source.aside) return t` · not used: ${asideInWords(source.aside)}`;
  return source.size === null ? t(" · found") : t` · read, ${size(source.size)}`;
}

const one = (source) =>
  h(
    "li",
    null,
    h("span", { class: "n" }, `[${source.number}]`),
    h("div", null, title(source), h("span", { class: "where", title: source.url }, host(source.url), standing(source))),
  );

/** A page that was read opens beside the job; one that was only found is a link, if it can be one. */
const title = (source) =>
  source.size === null && !source.aside
    ? out(source.url, source.title || source.url, { dir: "auto" })
    : h(
        "button",
        { type: "button", class: "link", dir: "auto", onclick: () => openSource(id, source.number) },
        source.title || source.url,
      );
