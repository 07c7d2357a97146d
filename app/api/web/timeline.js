// The calls of a job over time: a lane a kind, a bar a call. Bars are in milliseconds; when time goes on
// only the view box changes.
import { $, h, say, svg } from "./dom.js";
import { few, lasted, money } from "./words.js";

const LANES = { model: [0, 2], search: [2, 3], read: [5, 4] }; // first row, rows
const MODELS = new Set(["model", "judge", "embed"]); // kinds of calls that a model answers
const ROW = 10,
  ROWS = 9;
const NAMES = { model: "Model", search: "Searches", read: "Pages", wait: "Waiting" };

export class Timeline {
  constructor(pick) {
    this.bars = [];
    this.strip = $("strip");
    this.pauses = svg("g", {});
    this.group = svg("g", {});
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: ROW * ROWS });
    this.lanes = [2, 5].map((row) => svg("line", { class: "lane", x1: 0, y1: row * ROW - 2, y2: row * ROW - 2 }));
    this.strip.append(...this.lanes, this.pauses, this.group, this.cursor);
    $("legend").append(
      ...Object.keys(NAMES).map((kind) =>
        h(
          "span",
          null,
          svg("svg", { viewBox: "0 0 12 10" }, svg("rect", { class: `call-${kind}`, width: 12, height: 10 })),
          NAMES[kind],
        ),
      ),
    );
    this.strip.addEventListener("pointermove", (event) => this.read(event.target));
    this.strip.addEventListener("pointerleave", () => say($("readout"), ""));
    this.strip.addEventListener("click", (event) => event.target.call && pick(event.target.call));
  }

  /** Draw the calls of `job` on the scale of `whole`; `moment` is the cursor's time, if there is one. */
  draw(run, whole, moment, now) {
    const from = Date.parse(whole.createdAt),
      end = whole.endedAt ? Date.parse(whole.endedAt) : now;
    const length = Math.max(end - from, 100);
    if (run.calls.length < this.bars.length) for (const bar of this.bars.splice(run.calls.length)) bar.remove();
    const fresh = [];
    for (const call of run.calls) {
      const bar = this.bars[call.index];
      if (bar && bar.touched === call.touched && call.to) {
        bar.call = call;
        continue;
      }
      const one = bar ?? svg("rect", { height: ROW - 4 });
      if (!bar) {
        this.bars[call.index] = one;
        fresh.push(one);
      }
      this.place(one, call, from, moment ?? now);
    }
    this.group.append(...fresh);
    this.pause(run.waits, from, moment ?? now);
    if (this.length !== length) {
      this.length = length;
      this.strip.setAttribute("viewBox", `0 0 ${length} ${ROW * ROWS}`);
      for (const lane of this.lanes) lane.setAttribute("x2", length);
      this.axis(length);
    }
    this.cursor.setAttribute("visibility", moment ? "visible" : "hidden");
    if (moment) for (const x of ["x1", "x2"]) this.cursor.setAttribute(x, Math.min(length, moment - from));
  }

  /** Waits for a provider or a person, from top to bottom: they are few. */
  pause(waits, from, now) {
    const bars = waits.map((wait) => {
      const bar = /** @type {any} */ (
        svg("rect", {
          class: "call-wait",
          x: wait.from - from,
          y: 0,
          width: Math.max(0, (wait.to ?? now) - wait.from),
          height: ROW * ROWS,
        })
      );
      bar.words = `${wait.words} · ${lasted((wait.to ?? now) - wait.from)}, in no deadline`;
      return bar;
    });
    this.pauses.replaceChildren(...bars);
  }

  place(bar, call, from, now) {
    const [first, rows] = LANES[MODELS.has(call.kind) ? "model" : call.kind] ?? LANES.read;
    const nth = Number(call.key.split("/")[2] ?? 1) || 1;
    bar.call = call;
    bar.touched = call.touched;
    bar.setAttribute("class", call.error ? "call-bad" : `call-${call.kind}`);
    bar.setAttribute("x", call.from - from);
    bar.setAttribute("y", (first + (call.kind === "model" ? 0 : (nth - 1) % rows)) * ROW + 1);
    bar.setAttribute("width", Math.max(0, (call.to ?? now) - call.from));
  }

  axis(length) {
    $("axis").replaceChildren(
      ...[0, 0.25, 0.5, 0.75, 1].map((share) => h("span", null, share ? lasted(length * share) : "0")),
    );
  }

  read(bar) {
    const call = bar.call;
    if (bar.words) say($("readout"), bar.words);
    else if (call) say($("readout"), `${call.about} · ${figures(call)}`);
  }
}

/** What a call took: latency, tokens, cost. */
export function figures(call) {
  const { input_tokens: read = 0, output_tokens: written = 0, cost_usd: cost = 0 } = call.usage;
  const parts = [call.provider];
  if (call.latency !== null) parts.push(lasted(call.latency));
  else if (call.to) parts.push(lasted(call.to - call.from));
  if (read || written) parts.push(`${few(read)} + ${few(written)} tokens`);
  if (!call.to) parts.push("in flight");
  else if (call.isCut) parts.push("cut off");
  else parts.push(money(cost));
  if (call.repeat) parts.push("made again");
  if (call.fallback) parts.push("stands in");
  return parts.join(" · ");
}
