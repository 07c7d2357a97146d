// All jobs in figures. The charts are a few lines of SVG each, with the same figures as a table.

import { api, told } from "./api.js";
import { showCosts } from "./costs.js";
import { $, h, heads, keep, say, svg } from "./dom.js";
import { t } from "./language.js";
import { atLeast, at as clock, count, few, lasted, many, money, region } from "./words.js";

const hourOf = new Intl.DateTimeFormat(region, { hour: "2-digit", minute: "2-digit" });
const dayOf = new Intl.DateTimeFormat(region, { day: "numeric", month: "short", timeZone: "UTC" });
const WIDTH = 600,
  HEIGHT = 140;
const seconds = (n) => (n === null || n === undefined ? "–" : lasted(n * 1000));

function table(names, rows) {
  return h(
    "details",
    null,
    h("summary", null, t("The figures")),
    h(
      "table",
      null,
      heads(names),
      h(
        "tbody",
        null,
        rows.map(([first, ...cells]) =>
          h(
            "tr",
            null,
            h("th", { scope: "row" }, first),
            cells.map((cell) => h("td", null, cell)),
          ),
        ),
      ),
    ),
  );
}

function swatch(fill, name) {
  return h(
    "span",
    null,
    svg("svg", { viewBox: "0 0 12 10" }, svg("rect", { class: fill, width: 12, height: 10 })),
    name,
  );
}

function frame(title, legend, plot, axis, figures, scale) {
  return [
    h("header", null, h("h2", null, title), legend ? h("div", { class: "legend", "aria-hidden": "true" }, legend) : ""),
    scale ? h("span", { class: "scale", "aria-hidden": "true" }, scale) : "",
    plot,
    axis
      ? h(
          "div",
          { class: "axis", "aria-hidden": "true" },
          axis.map((text) => h("span", null, text)),
        )
      : "",
    figures ?? "",
  ];
}

/** Stacked bars. `columns` are lists of [fill, value]. */
function bars(label, columns, top) {
  const step = WIDTH / columns.length;
  return svg(
    "svg",
    { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 }),
    columns.map((parts, n) => {
      let below = 0;
      return parts
        .filter(([, value]) => value)
        .map(([fill, value]) => {
          const height = (value / top) * HEIGHT;
          below += height;
          return svg("rect", { class: fill, x: n * step + step * 0.14, width: step * 0.72, y: HEIGHT - below, height });
        });
    }),
  );
}

function curve(label, lines, top) {
  const path = (values, alone) =>
    values
      .map((value, n) =>
        value === null
          ? ""
          : [
              n && values[n - 1] !== null && !alone ? "L" : "M",
              `${((n + 0.5) / values.length) * WIDTH} ${HEIGHT - (value / top) * HEIGHT}h.1`,
            ].join(""),
      )
      .join("");
  return svg(
    "svg",
    { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 }),
    lines.map(([stroke, values]) => svg("path", { class: stroke, d: path(values, stroke.startsWith("dots")) })),
  );
}

const peak = (values) => Math.max(...values, 0) || 1;
const none = (words) => h("p", { class: "soft" }, words);

function throughput({ hours }) {
  const top = peak(hours.map((one) => one.completed + one.failed + one.cancelled));
  const ended = hours.reduce((sum, one) => sum + one.completed + one.failed + one.cancelled, 0);
  return frame(
    t("Jobs that ended, by hour"),
    [swatch("fill-a", t("Completed")), swatch("fill-b", t("Failed")), swatch("fill-c", t("Cancelled"))],
    bars(
      t`${many(ended, "job")} ended in the last 24 hours; at most ${top} in one hour`,
      hours.map((one) => [
        ["fill-a", one.completed],
        ["fill-b", one.failed],
        ["fill-c", one.cancelled],
      ]),
      top,
    ),
    [hourOf.format(new Date(hours[0].hour)), t("now")],
    table(
      [t("Hour"), t("Completed"), t("Failed"), t("Cancelled")],
      hours.map((one) => [hourOf.format(new Date(one.hour)), one.completed, one.failed, one.cancelled]),
    ),
    ended ? many(top, "job") : t("none"),
  );
}

function waiting({ hours }) {
  const half = hours.map((one) => one.wait_seconds_p50),
    most = hours.map((one) => one.wait_seconds_p95),
    top = peak(most.map((n) => n ?? 0));
  return frame(
    t("Waiting for a worker, by hour"),
    [swatch("fill-a", t("median")), swatch("fill-d", t("95th percentile"))],
    curve(
      t`Waiting times of the last 24 hours; up to ${seconds(top)}`,
      [
        ["stroke-d", most],
        ["stroke-a", half],
        ["dots-a", half],
      ],
      top,
    ),
    [hourOf.format(new Date(hours[0].hour)), t("now")],
    table(
      [t("Hour"), t("Median wait"), t("95th percentile")],
      hours.map((one) => [
        hourOf.format(new Date(one.hour)),
        seconds(one.wait_seconds_p50),
        seconds(one.wait_seconds_p95),
      ]),
    ),
    most.some((n) => n !== null) ? seconds(top) : t("none"),
  );
}

const FILLS = ["fill-a", "fill-d", "fill-c", "fill-b"];

function spending({ at, days }) {
  if (!days.length) return frame(t("Cost, by day and model"), null, none(t("Nothing was asked in the last 14 days.")));
  const spent = (model) => days.reduce((sum, one) => sum + (one.model === model ? one.cost_usd : 0), 0);
  const models = [...new Set(days.map((one) => one.model))].sort((a, b) => spent(b) - spent(a) || a.localeCompare(b));
  const dates = Array.from({ length: 14 }, (_, n) =>
    new Date(Date.parse(at.slice(0, 10)) - (13 - n) * 864e5).toISOString().slice(0, 10),
  );
  const cost = (day, model) => days.find((one) => one.day.startsWith(day) && one.model === model)?.cost_usd ?? 0;
  const columns = dates.map((day) => models.map((model, n) => [FILLS[n % 4], cost(day, model)]));
  const total = days.reduce((sum, one) => sum + one.cost_usd, 0),
    unknown = days.reduce((sum, one) => sum + one.unknown_cost_calls, 0);
  const top = peak(columns.map((parts) => parts.reduce((sum, [, value]) => sum + value, 0)));
  return frame(
    t("Cost, by day and model"),
    models.map((model, n) => swatch(FILLS[n % 4], model || t("no model"))),
    bars(t`${atLeast(total, unknown)} in 14 days`, columns, top),
    [
      dayOf.format(new Date(dates[0])),
      t`${atLeast(total, unknown)} in all${unknown ? t`; ${many(unknown, "call")} of unknown cost` : ""}`,
      t("today"),
    ],
    table(
      [t("Day"), t("Model"), t("Jobs"), t("Tokens"), t("Cost"), t("Calls of unknown cost")],
      days.map((one) => [
        dayOf.format(new Date(one.day)),
        one.model || t("none"),
        count(one.jobs),
        few(one.tokens),
        atLeast(one.cost_usd, one.unknown_cost_calls),
        count(one.unknown_cost_calls),
      ]),
    ),
    total ? money(top) : t("nothing was spent"),
  );
}

function failures({ failures: all }) {
  const top = peak(all.map((one) => one.jobs));
  return frame(
    t("Failures, by type"),
    null,
    all.length
      ? h(
          "ul",
          { class: "hbars" },
          all.map((one) =>
            h(
              "li",
              null,
              h("span", null, one.error_type.replaceAll("_", " ")),
              h("span", { class: "num" }, count(one.jobs)),
              h("span", { class: "bar full", share: one.jobs / top }),
            ),
          ),
        )
      : none(t("No job failed in the last 14 days.")),
  );
}

function tiles({ now }) {
  const all = [
    [t("Waiting"), count(now.pending)],
    [t("Longest wait"), now.oldest_wait_seconds === null ? "–" : seconds(now.oldest_wait_seconds)],
    [t("Running"), count(now.running + now.cancelling)],
    [t("Waiting for input"), count(now.input_required)],
    [t("Workers at work"), count(now.workers_busy)],
    [t("Workers seen"), count(now.workers_seen)],
  ];
  keep(
    $("tiles"),
    all,
    (tile) => tile[0],
    () => 0,
    ([name]) => h("div", null, h("dt", null, name), h("dd")),
  );
  for (const [n, [, value]] of all.entries()) say($("tiles").children[n].lastElementChild, value);
}

const CHARTS = { throughput, waiting, spending, failures };

function show(overview) {
  $("problem").hidden = true;
  tiles(overview);
  const { hours, days, failures: failed } = overview,
    version = JSON.stringify([hours, days, failed]);
  keep(
    $("charts"),
    Object.keys(CHARTS),
    (name) => name,
    () => version,
    (name, old) => {
      const open = old?.querySelector("details")?.open;
      const one = old ?? h("section", { class: "chart" });
      one.replaceChildren(...CHARTS[name](overview));
      if (open) one.querySelector("details").open = true;
      return one;
    },
  );
  say(
    $("asof"),
    t`As of ${clock(overview.at)}. Waiting times and ends: the last 24 hours. ` +
      t("Cost and failures: the last 14 days, by day of UTC; a job counts for the model of its first call. ") +
      t("A worker is seen while it holds a job, or wrote something in the last five minutes."),
  );
}

async function look() {
  try {
    show(await api.overview());
  } catch (error) {
    say($("problem"), told(error));
    $("problem").hidden = false;
  }
  if (!document.hidden) timer = setTimeout(look, 2000);
}
let timer = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) look();
});
look();
showCosts($("costs"));
