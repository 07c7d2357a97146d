// All events, as they are in the log. Only the lines near those in sight are elements.
import { $, framed, h } from "./dom.js";
import { page, shown } from "./run_state.js";

const LINE = 24; // pixels, as in views.css
const AROUND = 30; // lines before and after those in sight

const box = $("events");

function line({ seq, at, type, data }) {
  const text = JSON.stringify(data);
  return h(
    "li",
    { class: "ev", "data-seq": seq, "aria-posinset": seq, "aria-setsize": page.live.seq },
    h("span", null, seq),
    h("span", null, at.slice(11, 19)),
    h("span", { title: text.slice(0, 2000) }, `${type} ${text.slice(0, 200)}`),
  );
}

export function drawLog() {
  if (!$("log").open) return;
  const all = shown().seq;
  const first = Math.max(0, Math.min(all - 1, Math.floor(box.scrollTop / LINE) - AROUND));
  const upTo = Math.min(all, first + Math.ceil(box.clientHeight / LINE) + 2 * AROUND);
  const drawn = `${first} ${upTo} ${all}`;
  if (box.dataset.drawn === drawn) return;
  box.dataset.drawn = drawn;
  const lines = h("ol", null, page.events.slice(first, upTo).map(line));
  lines.style.setProperty("--before", `${first * LINE}px`);
  lines.style.setProperty("--after", `${(all - upTo) * LINE}px`);
  box.replaceChildren(h("li", null, lines));
}

box.addEventListener("scroll", framed(drawLog));
