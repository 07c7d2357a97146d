// The threads of a job as lanes over its time.
import { $, h, keep, say } from "./dom.js";
import { isOver } from "./fold.js";
import { t } from "./language.js";
import { moment, page } from "./run_state.js";
import { lasted, many } from "./words.js";

const STATES = {
  "": t("at work"),
  answered: t("has an answer"),
  spent: t("used up its share"),
  failed: t("could not go on"),
  stopped: t("was stopped"),
};

export function drawThreads(run) {
  $("threads").hidden = !run.lanes.size;
  if (!run.lanes.size) return;
  const begin = Date.parse(page.live.createdAt);
  const end = run.endedAt ? Date.parse(run.endedAt) : moment();
  const all = Math.max(1, end - begin);
  const isEnded = isOver(run.status);
  keep(
    $("lanes"),
    [...run.lanes.values()],
    (lane) => lane.number,
    (lane) => `${lane.touched} ${isEnded} ${lane.to === null ? "" : "to"}`,
    (lane) => element(lane, isEnded),
  );
  for (const lane of run.lanes.values()) {
    const shown = $("lanes").kept.get(lane.number).element;
    const bar = shown.querySelector(".lane-bar");
    bar.style.setProperty("--from", String((lane.from - begin) / all));
    bar.style.setProperty("--share", String(((lane.to ?? end) - lane.from) / all));
    say(shown.querySelector(".lane-time"), lasted(Math.max(0, (lane.to ?? end) - lane.from)));
  }
}

function element(lane, isEnded) {
  const state = lane.reason || (isEnded ? "stopped" : "");
  const figures = [
    lane.found.size && many(lane.found.size, "source"),
    lane.passages && t`${many(lane.passages, "passage")} kept`,
  ];
  return h(
    "li",
    { class: `lane ${state || "open"}` },
    h(
      "p",
      null,
      h("b", null, t`Thread ${lane.number}`),
      lane.section === null ? "" : h("span", { class: "soft" }, t` for section ${lane.section}`),
      " ",
      h("span", { dir: "auto" }, lane.question),
    ),
    h(
      "p",
      { class: "small soft" },
      [STATES[state], ...figures].filter(Boolean).join(", "),
      " · ",
      h("span", { class: "lane-time num" }),
    ),
    h("div", { class: "lane-bar", "aria-hidden": "true" }),
    lane.finding ? h("p", { class: "small", dir: "auto" }, lane.finding) : "",
  );
}
