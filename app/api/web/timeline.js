// The calls of a job over time: a lane a kind, a bar a call. Bars are in milliseconds; when time goes on
// only the view box changes. All bars of a kind are one element.
import { $, h, say, svg } from "./dom.js";
import { t } from "./language.js";
import { few, lasted, many, money } from "./words.js";

const LANES = { model: [0, 2], search: [2, 3], read: [5, 4] }; // first row, rows
const MODELS = new Set(["model", "judge", "embed"]); // kinds of calls that a model answers
const ROW = 10,
  ROWS = 9;
const KINDS = ["model", "search", "read", "bad"]; // ways to draw a call
const NAMES = { model: t("Model"), search: t("Searches"), read: t("Pages"), wait: t("Waiting") };

export class Timeline {
  constructor(pick) {
    this.strip = $("strip");
    this.from = 0;
    this.until = 0;
    this.length = 1;
    this.drawn = "";
    /** @type {import("./fold.js").Call[]} */
    this.calls = [];
    /** @type {import("./fold.js").Wait[]} */
    this.waits = [];
    this.pauses = svg("path", { class: "call-wait" });
    this.paths = Object.fromEntries(KINDS.map((kind) => [kind, svg("path", { class: `call-${kind}` })]));
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: ROW * ROWS });
    this.lanes = [2, 5].map((row) => svg("line", { class: "lane", x1: 0, y1: row * ROW - 2, y2: row * ROW - 2 }));
    this.strip.append(...this.lanes, this.pauses, ...Object.values(this.paths), this.cursor);
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
    this.strip.addEventListener("pointermove", (event) => say($("readout"), this.readAt(event)));
    this.strip.addEventListener("pointerleave", () => say($("readout"), ""));
    this.strip.addEventListener("click", (event) => {
      const call = this.callAt(event);
      if (call) pick(call);
    });
  }

  /** Draw the calls of `run` on the scale of `whole`; `moment` is the cursor's time, if there is one. */
  draw(run, whole, moment, now) {
    this.from = Date.parse(whole.createdAt);
    this.until = moment ?? now;
    this.calls = run.calls;
    this.waits = run.waits;
    const length = Math.max((whole.endedAt ? Date.parse(whole.endedAt) : now) - this.from, 100);
    const isMoving = run.calls.some((call) => !call.to) || run.waits.at(-1)?.to === null;
    const drawn = `${run.seq} ${isMoving ? this.until : ""}`;
    if (this.drawn !== drawn) this.fill(run);
    this.drawn = drawn;
    if (this.length !== length) this.stretch(length);
    this.cursor.setAttribute("visibility", moment ? "visible" : "hidden");
    if (moment) for (const x of ["x1", "x2"]) this.cursor.setAttribute(x, Math.min(length, moment - this.from));
  }

  /** One path for all calls of a kind, however many there are. */
  fill(run) {
    const parts = /** @type {Record<string, string[]>} */ (Object.fromEntries(KINDS.map((kind) => [kind, []])));
    for (const call of run.calls) {
      const [x, width] = this.span(call);
      parts[shape(call)].push(bar(x, rowOf(call) * ROW + 1, width, ROW - 4));
    }
    for (const kind of KINDS) this.paths[kind].setAttribute("d", parts[kind].join(""));
    const waits = run.waits.map((wait) => bar(this.span(wait)[0], 0, this.span(wait)[1], ROW * ROWS));
    this.pauses.setAttribute("d", waits.join(""));
  }

  /** Where something begins, and how long it took or takes. */
  span({ from, to }) {
    return [from - this.from, Math.max(0, (to ?? this.until) - from)];
  }

  stretch(length) {
    this.length = length;
    this.strip.setAttribute("viewBox", `0 0 ${length} ${ROW * ROWS}`);
    for (const lane of this.lanes) lane.setAttribute("x2", length);
    $("axis").replaceChildren(
      ...[0, 0.25, 0.5, 0.75, 1].map((share) => h("span", null, share ? lasted(length * share) : "0")),
    );
  }

  /** Time and row under the pointer, and how many milliseconds a few pixels are. */
  place({ clientX, clientY }) {
    const { left, top, width, height } = this.strip.getBoundingClientRect();
    const time = this.from + ((clientX - left) / width) * this.length;
    return { time, row: Math.floor(((clientY - top) / height) * ROWS), near: (4 / width) * this.length };
  }

  callAt(event) {
    const { time, row, near } = this.place(event);
    const far = (call) => Math.max(call.from - time, time - (call.to ?? this.until), 0);
    const here = this.calls.filter((call) => rowsOf(call).includes(row) && far(call) <= near);
    return here.sort((a, b) => far(a) - far(b))[0];
  }

  readAt(event) {
    const call = this.callAt(event);
    if (call) return `${call.about} · ${figures(call)}`;
    const { time } = this.place(event);
    const wait = this.waits.find(({ from, to }) => from <= time && time <= (to ?? this.until));
    return wait ? t`${wait.words} · ${lasted((wait.to ?? this.until) - wait.from)}, in no deadline` : "";
  }
}

const bar = (x, y, width, height) => `M${x} ${y}h${width}v${height}h${-width}z`;
const shape = (call) => (call.error ? "bad" : KINDS.includes(call.kind) ? call.kind : "model");

/** A model's call is as high as its lane; searches and pages that run together lie below each other. */
function rowsOf(call) {
  const [first, rows] = LANES[MODELS.has(call.kind) ? "model" : call.kind] ?? LANES.read;
  if (MODELS.has(call.kind)) return [first, first + 1];
  const nth = Number(/\d+/.exec(call.key.split("/")[2] ?? "")?.[0]) || 1; // of the call, or of its thread
  return [first + ((nth - 1) % rows)];
}
const rowOf = (call) => rowsOf(call)[0];

const STATES = { queued: t("queued"), reading: t("reading"), thinking: t("thinking"), writing: t("writing") };

/** What a call is doing: of a model, whether it thinks or writes, and how much so far. */
function inFlight({ state, tokens }) {
  const words = STATES[state] ?? t("in flight");
  return tokens ? t`${words}, ${many(tokens, "token")} so far` : words;
}

/** What a call took: latency, tokens, cost. */
export function figures(call) {
  const { input_tokens: read = 0, output_tokens: written = 0, cost_usd: cost = 0 } = call.usage;
  const parts = [call.provider];
  if (call.latency !== null) parts.push(lasted(call.latency));
  else if (call.to) parts.push(lasted(call.to - call.from));
  if (read || written) parts.push(t`${few(read)} + ${few(written)} tokens`);
  if (!call.to) parts.push(inFlight(call));
  else if (call.isCut) parts.push(t("cut off"));
  else parts.push(money(cost));
  if (call.done && call.tries) parts.push(t`after ${many(call.tries, "failed try", "failed tries")}`);
  if (call.repeat) parts.push(t("made again"));
  if (call.fallback) parts.push(t("stands in"));
  return parts.join(" · ");
}
