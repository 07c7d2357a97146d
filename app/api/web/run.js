// A job: live while it goes on, and as it was at any event of its log.
import { api, Problem } from "./api.js";
import { askOn, forkHere } from "./ask_on.js";
import { $, framed, h, say, stateName, tell } from "./dom.js";
import { family } from "./family.js";
import { empty, evolve, isOver } from "./fold.js";
import { t } from "./language.js";
import { showMark } from "./marking.js";
import { notify } from "./notice.js";
import { drawAsks } from "./run_asks.js";
import { drawDraft } from "./run_draft.js";
import { drawAnswer, drawHead } from "./run_head.js";
import { drawLog } from "./run_log.js";
import { drawHistory, followSlider, look } from "./run_past.js";
import { drawBudget, drawPlan } from "./run_plan.js";
import { drawRecord, findTurn } from "./run_record.js";
import { drawSources } from "./run_sources.js";
import { id, moment, page, question, shown } from "./run_state.js";
import { drawThreads } from "./run_threads.js";
import { Follower } from "./stream.js";
import { Timeline } from "./timeline.js";
import { count, many } from "./words.js";

let ready = false;

// Drawing, at most once a frame; a record grows over several frames.

const draw = framed(() => {
  const { live, past } = page;
  if (!live.request) return;
  const run = shown();
  drawHead(run);
  drawAsks(past ? null : live.asks);
  drawAnswer(run);
  drawDraft(run);
  timeline.draw(run, live, past && moment(), Date.now());
  drawThreads(run);
  drawHistory();
  drawPlan(run);
  drawBudget(run);
  drawSources(run);
  if (!drawRecord(run)) draw();
  drawLog();
  say($("log-title"), t`All events (${count(live.seq)})`);
  if (!ready) {
    ready = true;
    $("unread").hidden = true;
    showMark($("marking"), id, question());
    showFamily();
    showLimits();
    $("run").classList.remove("waiting");
    restoreScroll();
  }
});

followSlider(draw);
$("log").addEventListener("toggle", draw);

// A reload comes back to the same place.

history.scrollRestoration = "manual";
addEventListener("pagehide", () => sessionStorage.setItem(`scroll ${id}`, String(scrollY)));
const [arrival] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
const reloaded = arrival?.type !== "navigate";
function restoreScroll() {
  const y = Number(sessionStorage.getItem(`scroll ${id}`));
  if (reloaded && y) requestAnimationFrame(() => scrollTo(0, y));
}

const timeline = new Timeline((call) => findTurn(shown(), call.turn)?.scrollIntoView({ block: "center" }));

const CONNECTION = {
  loading: () => t("Loading"),
  live: (cursor) => t`Live, at event ${cursor}`,
  lost: (cursor) => t`Reconnecting; it goes on after event ${cursor}`,
  away: (cursor) => t`The server’s database is away; it goes on after event ${cursor}`,
  over: (cursor) => t`Complete, ${many(cursor, "event")}`,
};
let connection = "loading";
function connected(state, cursor) {
  const box = $("connection");
  if (state === connection && box.dataset.cursor === String(cursor)) return;
  if (!ready && (state === "lost" || state === "away")) $("unread").hidden = false;
  if (state !== connection && state === "lost") tell(t("The connection was lost. It will go on where it was."));
  if (state !== connection && state === "away") tell(t("The server’s database is away. It will go on where it was."));
  box.dataset.state = connection = state;
  box.dataset.cursor = cursor;
  box.setAttribute("aria-live", "off"); // the count would be read out with each event
  say(box, CONNECTION[state](cursor));
}

async function lookBack() {
  page.came = await api.job(id).catch(() => null);
  draw();
  if (!page.came || $("ask-on").firstChild) return;
  $("ask-on").append(askOn(page.came));
  $("ask-on").hidden = page.came.status !== "completed";
}

/** What the budget is compared with. */
async function showLimits() {
  page.presets = (await api.overview().catch(() => null))?.efforts ?? page.presets;
  draw();
}

async function showFamily() {
  const tree = await api
    .job(id)
    .then(family)
    .catch(() => null);
  $("family").hidden = !tree;
  $("family-tree").replaceChildren(tree ?? "");
}

$("fork-here").addEventListener("click", () => forkHere(id, shown(), page.live.request.effort ?? "standard"));

let wanted = Number(new URLSearchParams(location.search).get("at")) || 0;
let toldStatus = "";

function hear(fresh) {
  const { events, live } = page;
  for (const event of fresh) {
    events.push(event);
    evolve(live, event);
  }
  if (wanted && live.seq >= wanted) {
    const seq = wanted;
    wanted = 0;
    if (seq < live.seq || !isOver(live.status)) look(seq, draw);
  }
  if (connection === "live" || connection === "away") connected("live", live.seq);
  if (toldStatus !== live.status + live.step) {
    toldStatus = live.status + live.step;
    if (isOver(live.status)) lookBack();
    if (isOver(live.status) && ready) notify(stateName(live.status, live.outcome ?? ""));
    if (ready)
      tell(`${stateName(live.status, live.outcome ?? "")}, ${live.progress} %. ${live.step}`, isOver(live.status));
  }
  draw();
}

const follower = new Follower(id, {
  events: hear,
  forget() {
    page.events.length = 0;
    page.live = empty();
    page.past = null;
    draw();
  },
  connection: connected,
  failed(error) {
    const box = $("failed");
    $("run").hidden = true;
    $("unread").hidden = true;
    box.hidden = false;
    box.replaceChildren(
      h("h1", null, error instanceof Problem && error.status === 503 ? t("The server is busy") : t("Job not found")),
      h("p", null, error.message),
      h("p", null, h("a", { href: "/browse/jobs" }, t("All jobs"))),
    );
  },
});
follower.start();
setInterval(() => {
  if (!isOver(page.live.status) && !document.hidden) draw();
}, 1000);
