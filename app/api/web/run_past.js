// History: the job as it was at any event, by a slider and in the address.
import { $, say } from "./dom.js";
import { fold } from "./fold.js";
import { t } from "./language.js";
import { forgetHead } from "./run_head.js";
import { page, shown } from "./run_state.js";
import { at as clock, count } from "./words.js";

/** Show the job as it was at this event; `draw` draws the whole page. */
export function look(seq, draw) {
  page.past = seq >= page.live.seq ? null : fold(page.events, Math.max(1, seq));
  forgetHead();
  draw();
}

export function drawHistory() {
  const slider = $("at"),
    { events, live } = page,
    { seq, step } = shown();
  if (slider.max !== String(live.seq)) slider.max = live.seq;
  if (slider.value !== String(seq)) slider.value = seq;
  const event = events[seq - 1];
  slider.setAttribute("aria-valuetext", event ? t`Event ${seq} of ${live.seq}: ${step}` : "");
  say($("at-words"), event ? t`Event ${count(seq)} of ${count(live.seq)} · ${step} · ${clock(event.at)}` : "");
  $("at-words").title = event?.type ?? "";
  $("back").disabled = seq <= 1;
  $("forth").disabled = seq >= live.seq;
}

function remember() {
  const address = new URL(location.href);
  if (page.past) address.searchParams.set("at", String(page.past.seq));
  else address.searchParams.delete("at");
  history.replaceState(null, "", address);
}

/** Let the slider and its buttons move through the past. */
export function followSlider(draw) {
  const go = (to) => () => {
    look(to(), draw);
    remember();
  };
  $("at").addEventListener("input", (event) => look(Number(event.target.value), draw));
  $("at").addEventListener("change", remember);
  $("back").addEventListener(
    "click",
    go(() => shown().seq - 1),
  );
  $("forth").addEventListener(
    "click",
    go(() => shown().seq + 1),
  );
  $("now").addEventListener("click", () => {
    go(() => page.live.seq)();
    $("at").focus();
  });
}
