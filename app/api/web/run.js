// A job: live while it goes on, and as it was at any event of its log.
import { api, idFromPath, Problem, told } from "./api.js";
import { $, framed, h, keep, out, say, state, stateName, tell } from "./dom.js";
import { callsMade, empty, evolve, fold, isOver, toolInWords } from "./fold.js";
import { askAgain, cancelRun } from "./rows.js";
import { openSource } from "./source.js";
import { Follower } from "./stream.js";
import { figures, Timeline } from "./timeline.js";
import {
  ago,
  atLeast,
  at as clock,
  count,
  date,
  few,
  host,
  lasted,
  many,
  money,
  STOPPED,
  size,
  tries,
  WRITTEN,
} from "./words.js";

const id = idFromPath();
const events = [];
let live = empty(),
  then = null,
  presets = [],
  ready = false,
  drawn = "";

// What is shown: the job as it is, or as it was.
const shown = () => then ?? live;
const moment = () => (then ? Date.parse(then.at) : Date.now());

// Drawing, at most once a frame; long lists grow over several frames.

const draw = framed(() => {
  if (!live.request) return;
  const run = shown();
  drawHead(run);
  drawAsks(then ? null : live.asks);
  drawAnswer(run);
  timeline.draw(run, live, then && moment(), Date.now());
  drawHistory();
  drawPlan(run);
  drawBudget(run);
  drawSources(run);
  drawEntries(run);
  if ($("log").open) drawLog();
  say($("log-title"), `All events (${count(live.seq)})`);
  if (!ready) {
    ready = true;
    $("run").classList.remove("waiting");
    restoreScroll();
  }
});

function drawHead(run) {
  const { request } = live;
  say($("question"), request.query);
  const far = isOver(live.status) ? stateName(live.status, outcomeOf(live)) : `${live.progress} %`;
  document.title = `${far} · ${request.query.slice(0, 60)} · Dossier`;
  const key = [
    came?.outcome,
    run.status,
    run.progress,
    run.attempt,
    request.query,
    run.endedAt,
    Math.floor(Date.now() / 1000),
  ].join();
  if (drawn === key) return;
  drawn = key;
  const facts = [
    state(run.status, outcomeOf(run)),
    isOver(run.status) ? "" : h("span", { class: "num" }, `${run.progress} %`),
    h("span", null, `${request.effort ?? "standard"} effort`),
    h(
      "time",
      { datetime: live.createdAt, title: date(live.createdAt) },
      `asked ${ago(live.createdAt)}${ago(live.createdAt) === "now" ? "" : " ago"}`,
    ),
  ];
  if (run.startedAt && run.endedAt)
    facts.push(h("span", null, `took ${lasted(Date.parse(run.endedAt) - Date.parse(run.startedAt))}`));
  if (run.bill.search || run.bill.failed) facts.push(h("span", null, tries(run.bill.search, run.bill.failed)));
  if (run.attempt > 1) facts.push(h("span", null, `attempt ${run.attempt} of ${live.attempts}`));
  for (const tag of request.tags ?? []) facts.push(h("span", { class: "tag" }, tag));
  $("facts").replaceChildren(...facts);
  say($("step"), isOver(run.status) ? ended(run) : run.step + retryIn(run));
  $("then").hidden = !then;
  if (then)
    say($("then-words"), `This is the job as it was at event ${then.seq} of ${live.seq}, at ${clock(then.at)}.`);
  drawNotice(run);
  drawActs();
}

/** What came of it: the log of an older version does not say, so the server is asked. */
const outcomeOf = (run) => run.outcome ?? (run.seq === live.seq ? came?.outcome : null);

/** Why it ended, and what was done: the server's words where it has them. */
function ended(run) {
  if (!run.stopReason) return "";
  const wasRead = [...run.sources.values()].some((source) => source.size !== null);
  const untied = run.stopReason === "no_evidence" && wasRead && !run.report?.claims.length;
  const why = untied ? "No sentence could be tied to a page that was read." : STOPPED[run.stopReason];
  const done = run.seq === live.seq && came?.result?.outcome_reason;
  return [why, WRITTEN[run.author], done && `Done: ${done}.`].filter(Boolean).join(" ");
}

const retryIn = (run) =>
  run.retryAt && !run.asks ? `; again in ${lasted(Math.max(0, Date.parse(run.retryAt) - moment()))}` : "";

function drawNotice(run) {
  const box = $("notice");
  box.hidden = run.status !== "failed";
  const done = run.seq === live.seq && came?.error?.outcome_reason;
  if (box.hidden) return;
  box.className = "notice bad";
  const { error_type: type, error_message: message, is_retryable: again } = run.failure;
  box.replaceChildren(
    h("h2", null, "The job failed"),
    h("p", null, message),
    done ? h("p", null, `Done before: ${done}.`) : "",
    h(
      "p",
      { class: "small" },
      `${type}. ${again ? "A new job may succeed." : "Retrying won’t help until this is fixed."}`,
    ),
  );
}

function drawActs() {
  const acts = $("acts");
  const drawnFor = `${live.status} ${live.isFinishing}`;
  if (acts.dataset.status === drawnFor) return;
  acts.dataset.status = drawnFor;
  const had = acts.contains(document.activeElement);
  const failed = (error) => {
    tell(error.message, true);
    say($("step"), error.message);
  };
  const again = (words, style = "") =>
    h("button", { type: "button", class: style, onclick: async () => askAgain(await api.job(id), failed) }, words);
  const origin = live.forkedFrom?.origin;
  const compare = h(
    "a",
    { class: "button quiet", href: origin ? `/compare?a=${origin}&b=${id}` : `/compare?a=${id}` },
    origin ? "Compare with its origin" : "Compare",
  );
  const cancel = h(
    "button",
    {
      type: "button",
      disabled: live.status === "cancelling",
      onclick: () => cancelRun(id, (answer) => answer instanceof Error && failed(answer)),
    },
    "Cancel",
  );
  const finish = h(
    "button",
    {
      type: "button",
      disabled: live.status === "cancelling" || live.isFinishing,
      title: "The report is written at once, from the pages that were read",
      onclick: (event) => {
        event.target.disabled = true;
        api.finish(id).catch((error) => {
          event.target.disabled = false;
          failed(error);
        });
      },
    },
    "Finish now",
  );
  acts.replaceChildren(
    ...({
      completed: [
        h("a", { class: "button main", href: `/browse/jobs/${id}/report` }, "Read the report"),
        again("Ask again"),
        compare,
      ],
      failed: [again("Try again", "main"), compare],
      cancelled: [again("Try again", "main"), compare],
    }[live.status] ?? [finish, cancel]),
  );
  if (had) acts.firstElementChild.focus();
}

function drawAsks(asks) {
  const box = $("asks");
  box.hidden = !asks;
  if (!asks) {
    box.dataset.seq = "";
    return;
  }
  if (box.dataset.seq !== String(asks.seq)) (asks.plan ? makeReview : makeAsks)(box, asks);
  say(box.querySelector(".left"), lasted(Math.max(0, asks.until - Date.now())));
}

/** The plan as lines, to approve or edit. */
function makeReview(box, asks) {
  box.dataset.seq = asks.seq;
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const text = h("textarea", { id: "plan-lines", name: "plan", rows: asks.plan.length + 2 }, asks.plan.join("\n"));
  const form = h(
    "form",
    null,
    h("div", { class: "field" }, h("label", { for: "plan-lines" }, "One step a line"), text),
    wrong,
    h(
      "div",
      { class: "send" },
      h("button", { class: "main" }, "Go on with this plan"),
      h("span", { class: "hint" }, "Continues with its own plan in ", h("span", { class: "left num" }), "."),
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const steps = text.value
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    const isSame = steps.join("\n") === asks.plan.join("\n");
    try {
      await api.input(id, isSame ? { approve: true } : { plan: steps });
      tell("The job continues with this plan.", true);
    } catch (error) {
      wrong.hidden = false;
      say(wrong, steps.length ? told(error) : "Write at least one step.");
      text.focus();
    }
  });
  box.replaceChildren(h("h2", { id: "asks-title" }, "The plan"), form);
}

function makeAsks(box, asks) {
  box.dataset.seq = asks.seq;
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const fields = asks.questions.map((question, n) =>
    h(
      "div",
      { class: "field" },
      h("label", { for: `answer-${n}` }, question),
      h("textarea", { id: `answer-${n}`, name: "answer", rows: 2, maxlength: 2000 }),
    ),
  );
  const form = h(
    "form",
    null,
    ...fields,
    wrong,
    h(
      "div",
      { class: "send" },
      h("button", { class: "main" }, "Answer"),
      h("span", { class: "hint" }, "Continues without an answer in ", h("span", { class: "left num" }), "."),
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answers = new FormData(form)
      .getAll("answer")
      .map((text) => String(text).trim())
      .filter(Boolean);
    try {
      await api.input(id, { answers });
      tell("Answered. The job continues.", true);
    } catch (error) {
      wrong.hidden = false;
      say(wrong, answers.length ? told(error) : "Answer at least one of them.");
      form.querySelector("textarea").focus();
    }
  });
  box.replaceChildren(
    h("h2", { id: "asks-title" }, "Before it starts, it asks"),
    form,
    h("p", { class: "small soft" }, "Without an answer it assumes:"),
    h(
      "ul",
      { class: "small" },
      asks.assumptions.map((text) => h("li", null, text)),
    ),
  );
  tell(`The job asks: ${asks.questions.join(" ")}`, true);
}

/** The first words of the report, without its marks; the report itself is a page of its own. */
function drawAnswer(run) {
  const box = $("answer"),
    report = run.report;
  box.hidden = !report || run.status !== "completed";
  if (box.hidden || box.dataset.seq === String(run.seq)) return;
  box.dataset.seq = run.seq;
  const first =
    report.content.split(/\n\s*\n/).find((text) => text.trim() && !/^\s*(#|\||[-*] )/.test(text)) ?? report.title;
  const words = first.replace(/\\([\\`*_[\]<>&|~#])/g, "$1").replace(/[*_`]{1,2}(\S.*?\S|\S)[*_`]{1,2}/g, "$1");
  box.replaceChildren(
    h("p", { dir: "auto" }, words.length > 600 ? `${words.slice(0, 600)} …` : words),
    h(
      "p",
      { class: "hint" },
      `${many(report.claims.length, "citation")}, each with its quote. `,
      h("a", { href: `/browse/jobs/${id}/report` }, "The whole report"),
    ),
  );
}

function drawPlan(job) {
  const box = $("plan"),
    version = `${job.plans.length}.${job.plans.at(-1)?.seq ?? 0}`;
  if (box.dataset.version === version) return;
  box.dataset.version = version;
  if (!job.plans.length) return box.replaceChildren(h("p", { class: "soft" }, "No plan yet."));
  const before = job.plans.slice(0, -1);
  const gone = [...new Set(before.flatMap((plan) => plan.steps))].filter((step) => !job.plan.includes(step));
  const changes = job.plans
    .slice(1)
    .map((plan) =>
      h("li", null, h("p", null, plan.changes.join(" ")), h("p", { class: "soft" }, `Why: ${plan.reason}`)),
    );
  box.replaceChildren(
    h("p", { class: "plan-goal" }, job.goal),
    h(
      "ol",
      { class: "plan" },
      job.plan.map((step) => h("li", null, h("span", null, step))),
    ),
    changes.length
      ? h(
          "details",
          { class: "changes", open: true },
          h("summary", null, `Changed ${changes.length === 1 ? "once" : many(changes.length, "time")}`),
          h("ul", null, changes),
          gone.length
            ? h(
                "ul",
                { "aria-label": "No longer planned" },
                gone.map((step) => h("li", { class: "gone" }, step)),
              )
            : null,
        )
      : "",
  );
}

function drawBudget(job) {
  const limits = live.request.limits ?? {},
    bill = job.bill,
    most = presets.find((one) => one.effort === (live.request.effort ?? "standard")) ?? {};
  // Waiting for a provider or a person is free.
  const last = job.waits.at(-1);
  const until =
    last && (last.to === null || job.endedAt === new Date(last.to).toISOString())
      ? last.from
      : job.endedAt
        ? Date.parse(job.endedAt)
        : moment();
  const spent = job.workingSince ? Math.max(0, until - Date.parse(job.workingSince)) : 0;
  const tokens = bill.input + bill.output;
  const lines = [
    ["Calls", callsMade(bill), limits.max_calls ?? most.calls, count],
    ["Searches", bill.search, limits.max_searches ?? most.searches, count],
    ["Pages", bill.read, most.pages, count],
    ["Time", spent, (limits.deadline_seconds ?? most.seconds) * 1000 || undefined, lasted, true],
    ["Tokens", tokens, limits.max_tokens, few, true],
    [
      "Cost",
      bill.cost,
      limits.max_cost_usd,
      (usd) => (usd === bill.cost ? atLeast(usd, bill.unpriced) : money(usd)),
      true,
    ],
    ...(bill.unpriced ? [["Calls of unknown cost", bill.unpriced, undefined, count]] : []),
    ...(bill.failed ? [["Failed tries", bill.failed, undefined, count]] : []),
  ];
  keep(
    $("budget"),
    lines,
    (line) => line[0],
    ([, used, all, words]) => `${words(used)} ${all}`,
    ([name, used, all, words, kept], old) => {
      const one =
        old ??
        h(
          "div",
          null,
          h("dt", null, name),
          h("dd", null, h("b"), h("span")),
          h("dd", { class: `bar${kept ? " kept" : ""}`, "aria-hidden": "true" }),
        );
      const [, figure, bar] = one.children;
      say(figure.firstChild, words(used));
      say(figure.lastChild, all === undefined ? "" : ` of ${words(all)}`);
      bar.hidden = all === undefined;
      if (all) bar.style.setProperty("--share", Math.min(1, used / all));
      bar.classList.toggle("full", Boolean(all) && used >= all);
      return one;
    },
  );
}

function drawSources(job) {
  if (!job.sources.size) {
    $("sources").kept?.clear();
    if ($("sources").dataset.none !== "yes") {
      $("sources").dataset.none = "yes";
      $("sources").replaceChildren(h("li", { class: "soft none" }, "Nothing found yet."));
    }
    return;
  }
  if ($("sources").dataset.none === "yes") {
    $("sources").dataset.none = "";
    $("sources").replaceChildren();
  }
  keep(
    $("sources"),
    [...job.sources.values()],
    (source) => source.number,
    (source) => source.touched,
    (source) =>
      h(
        "li",
        null,
        h("span", { class: "n" }, `[${source.number}]`),
        h(
          "div",
          null,
          title(source),
          h(
            "span",
            { class: "where", title: source.url },
            host(source.url),
            source.size === null ? " · found" : ` · read, ${size(source.size)}`,
          ),
        ),
      ),
  );
}

/** A page that was read opens beside the job; one that was only found is a link, if it can be one. */
const title = (source) =>
  source.size === null
    ? out(source.url, source.title || source.url)
    : h(
        "button",
        { type: "button", class: "link", onclick: () => openSource(id, source.number) },
        source.title || source.url,
      );

// The record: turns and notes. A part of the list per frame, so that a long job stays quick.

const PART = 60; // entries made in one frame
function drawEntries(job, most = PART) {
  const last = job.entries.at(-1);
  if (
    !keep(
      $("entries"),
      job.entries,
      (entry) => entry.key,
      (entry) => `${entry.touched}${entry === last && !isOver(job.status)}`,
      entry,
      most,
    )
  )
    draw();
}

const since = (moment_) => `+${lasted(Math.max(0, Date.parse(moment_) - Date.parse(live.createdAt)))}`;
const when = (moment_) => h("time", { datetime: moment_, title: date(moment_) }, since(moment_));

function entry(one) {
  if (!one.calls)
    return h(
      "li",
      { class: `entry note ${one.tone}` },
      h("span", { class: "no", "aria-hidden": "true" }),
      h(
        "div",
        null,
        h("header", null, h("h3", null, one.title), when(one.at)),
        one.text ? h("p", { class: "small soft" }, one.text) : "",
      ),
    );
  const { reasoning, tool } = one;
  return h(
    "li",
    { class: "entry", id: one.key },
    h("span", { class: "no", "aria-label": `Turn ${one.step}` }, one.step),
    h(
      "div",
      null,
      h("header", null, h("h3", { dir: "auto" }, toolInWords(tool)), when(one.at)),
      reasoning
        ? h(
            "ul",
            { class: "thought" },
            reasoning.reasoning_steps.map((step) => h("li", null, step)),
          )
        : "",
      reasoning
        ? h(
            "p",
            { class: "state-line" },
            h("b", null, reasoning.enough_data ? "Enough is known." : "Not enough is known yet."),
            ` ${reasoning.current_situation} ${reasoning.plan_status}`,
          )
        : "",
      reasoning && !reasoning.task_completed
        ? h("p", { class: "state-line" }, h("b", null, "Next: "), reasoning.remaining_steps.join(" "))
        : "",
      h(
        "ul",
        { class: "calls" },
        one.calls.map((call) => callLine(call, one)),
      ),
    ),
  );
}

const KINDS = { model: "Think", search: "Search", read: "Read", judge: "Check", embed: "Match" };

function callLine(call, turn) {
  const hits = call.kind === "search" ? turn.found.filter((source) => source.found_by === call.key) : [];
  const page = call.kind === "read" ? turn.read.find((read) => read.read_by === call.key) : null;
  const about = call.error
    ? `${call.kind === "model" ? "the next step" : call.about}: ${call.error.error_message}`
    : page
      ? `[${page.number}] ${page.title || page.url}, ${size(page.size)}`
      : call.kind === "model"
        ? "the next step"
        : call.about;
  return h(
    "li",
    null,
    h(
      "div",
      { class: `call${call.error ? " bad" : ""}` },
      h("span", { class: "kind" }, KINDS[call.kind] ?? call.kind),
      h("span", { class: "about", dir: "auto" }, about),
      h("span", { class: "cost" }, figures(call)),
    ),
    hits.length
      ? h(
          "ul",
          { class: "hits", "aria-label": "Found" },
          hits.map((source) =>
            h(
              "li",
              null,
              h("span", { class: "n" }, `[${source.number}]`),
              h(
                "span",
                null,
                out(source.url, source.title || source.url),
                h("span", { class: "soft" }, ` ${host(source.url)}`),
              ),
            ),
          ),
        )
      : "",
    call.kind === "search" && call.done && !hits.length
      ? h("p", { class: "hits soft" }, "Nothing that was not known already.")
      : "",
  );
}

// All events, as they are in the log; a hundred to a chunk, so that those out of sight cost nothing.

const CHUNK = 100;
function drawLog() {
  const box = $("events");
  const next = Number(box.dataset.next ?? 0),
    upTo = Math.min(events.length, next + 500);
  if (then) for (const line of box.querySelectorAll(".ev")) line.hidden = Number(line.dataset.seq) > then.seq;
  else if (box.dataset.cut) for (const line of box.querySelectorAll(".ev[hidden]")) line.hidden = false;
  box.dataset.cut = then ? "yes" : "";
  for (let n = next; n < upTo; n += 1) {
    if (n % CHUNK === 0) box.append(h("li", { class: "chunk" }, h("ol")));
    const { seq, at, type, data } = events[n];
    box.lastElementChild.firstElementChild.append(
      h(
        "li",
        { class: "ev", "data-seq": seq, hidden: then && seq > then.seq },
        h("span", null, seq),
        h("span", null, at.slice(11, 19)),
        h("span", { title: JSON.stringify(data).slice(0, 2000) }, `${type} ${JSON.stringify(data).slice(0, 200)}`),
      ),
    );
  }
  box.dataset.next = upTo;
  if (upTo < events.length) draw();
}

// History

function drawHistory() {
  const slider = $("at"),
    seq = shown().seq;
  if (slider.max !== String(live.seq)) slider.max = live.seq;
  if (slider.value !== String(seq)) slider.value = seq;
  const event = events[seq - 1];
  const name = event ? event.type.replaceAll("_", " ") : "";
  slider.setAttribute("aria-valuetext", event ? `Event ${seq} of ${live.seq}: ${name}` : "");
  say($("at-words"), event ? `Event ${count(seq)} of ${count(live.seq)} · ${name} · ${clock(event.at)}` : "");
  $("back").disabled = seq <= 1;
  $("forth").disabled = seq >= live.seq;
}

function look(seq) {
  then = seq >= live.seq ? null : fold(events, Math.max(1, seq));
  drawn = "";
  draw();
}

function remember() {
  const address = new URL(location.href);
  if (then) address.searchParams.set("at", then.seq);
  else address.searchParams.delete("at");
  history.replaceState(null, "", address);
}

$("at").addEventListener("input", (event) => look(Number(event.target.value)));
$("at").addEventListener("change", remember);
$("back").addEventListener("click", () => {
  look(shown().seq - 1);
  remember();
});
$("forth").addEventListener("click", () => {
  look(shown().seq + 1);
  remember();
});
$("now").addEventListener("click", () => {
  look(live.seq);
  remember();
  $("at").focus();
});
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

const timeline = new Timeline((call) => {
  drawEntries(shown(), Infinity);
  $(`turn-${call.turn}`)?.scrollIntoView({ block: "center" });
});

const CONNECTION = {
  loading: () => "Loading",
  live: (cursor) => `Live, at event ${cursor}`,
  lost: (cursor) => `Reconnecting; it goes on after event ${cursor}`,
  over: (cursor) => `Complete, ${many(cursor, "event")}`,
};
let connection = "loading";
function connected(state_, cursor) {
  const box = $("connection");
  box.dataset.state = connection = state_;
  box.setAttribute("aria-live", "off"); // the count would be read out with each event
  say(box, CONNECTION[state_](cursor));
  if (state_ === "lost") tell("The connection was lost. It will go on where it was.");
}

// What the server says of the job that is over: its outcome, and what was done.
let came = null;
async function lookBack() {
  came = await api.job(id).catch(() => null);
  draw();
}

let wanted = Number(new URLSearchParams(location.search).get("at")) || 0;
let toldStatus = "";
const follower = new Follower(id, {
  events(fresh) {
    for (const event of fresh) {
      events.push(event);
      evolve(live, event);
    }
    if (wanted && live.seq >= wanted) {
      const seq = wanted;
      wanted = 0;
      if (seq < live.seq || !isOver(live.status)) look(seq);
    }
    if (connection === "live") connected("live", live.seq);
    if (toldStatus !== live.status + live.step) {
      toldStatus = live.status + live.step;
      if (isOver(live.status)) lookBack();
      if (ready)
        tell(`${stateName(live.status, live.outcome ?? "")}, ${live.progress} %. ${live.step}`, isOver(live.status));
    }
    draw();
  },
  forget() {
    events.length = 0;
    live = empty();
    then = null;
    $("events").replaceChildren();
    $("events").dataset.next = 0;
    draw();
  },
  connection: connected,
  failed(error) {
    const box = $("failed");
    $("run").hidden = true;
    box.hidden = false;
    box.replaceChildren(
      h("h1", null, error instanceof Problem && error.status === 503 ? "The server is busy" : "Job not found"),
      h("p", null, error.message),
      h("p", null, h("a", { href: "/browse/jobs" }, "All jobs")),
    );
  },
});
follower.start();
api
  .overview()
  .then(({ efforts }) => {
    presets = efforts;
    draw();
  })
  .catch(() => {});
setInterval(() => {
  if (!isOver(live.status) && !document.hidden) draw();
}, 1000);
