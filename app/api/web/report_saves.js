// What can be done with a report: copy, save, print, ask again.
import { api } from "./api.js";
import { h, say, tell } from "./dom.js";
import { t } from "./language.js";
import { askAgain } from "./rows.js";
import { openShares } from "./share.js";

export function acts(view) {
  const id = view.job_id;
  const name = (view.result.title || "report")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .slice(0, 60)
    .replace(/^-|-$/g, "");
  const copy = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(await api.markdown(id));
          say(copy, t("Copied"));
          tell(t("The report was copied as markdown."), true);
        } catch {
          say(copy, t("Not copied"));
        }
        setTimeout(() => say(copy, t("Copy")), 2500);
      },
    },
    t("Copy"),
  );
  const save = (format, what, words = format) =>
    h(
      "a",
      {
        href: api.reportUrl(id, format),
        download: `${name}.${format === "csl" ? "json" : format}`,
        "aria-label": t`Download ${what} as ${words}`,
      },
      words,
    );
  return [
    copy,
    h(
      "span",
      { class: "saves" },
      h("span", { class: "soft" }, t("Download")),
      ["md", "html", "docx", "json"].map((format) => save(format, t("the report"))),
      h(
        "a",
        { href: `/jobs/${id}/bundle`, download: "", title: t("All events and pages, to check offline") },
        "bundle",
      ),
    ),
    h(
      "span",
      { class: "saves" },
      h("span", { class: "soft" }, t("Sources")),
      save("bib", t("the sources"), t("BibTeX")),
      save("csl", t("the sources"), "CSL"),
    ),
    h(
      "button",
      { type: "button", onclick: () => print(), title: t("On paper or as PDF, with page numbers") },
      t("Print"),
    ),
    h("button", { type: "button", onclick: () => openShares(id) }, t("Share")),
    h("a", { class: "button quiet", href: `/browse/jobs/${id}` }, t("How it was found")),
    h("button", { type: "button", class: "quiet", onclick: () => askAgain(view) }, t("Ask again")),
  ].filter(Boolean);
}

/** Each printed page has its number and the address of the job. */
export function footPages(address) {
  const sheet = new CSSStyleSheet();
  const safe = address.replace(/[^\w:/.?&=%-]/g, "");
  sheet.replaceSync(
    `@page { @bottom-left { content: "${safe}"; font: 8pt sans-serif; }
      @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }`,
  );
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
