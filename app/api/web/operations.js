// What operators look at: workers, the queue, failed jobs, webhooks; and what they want of them.
import { api, told } from "./api.js";
import { $, confirmed, h, say } from "./dom.js";
import { hookForm, keyForm, keyRow } from "./keys.js";
import { t } from "./language.js";
import { failed, fill, ordering } from "./orders.js";
import { at } from "./root.js";
import { titleOf } from "./rows.js";
import { date, lasted, many } from "./words.js";

const order = ordering(() => look());

const STATES = {
  ready: t("ready"),
  paused: t("paused"),
  draining: t("hands its jobs back"),
  silent: t("silent"),
  stopped: t("stopped"),
};

const jobLink = (id, words = id) => h("a", { href: `/browse/jobs/${id}` }, words);

function worker(one) {
  const { name, state, jobs, slots, outages, version } = one;
  const away = outages.map((outage) => t`waits for ${outage.provider}: ${outage.error}`);
  const held = jobs.map((id) => [" ", jobLink(id, id.slice(0, 13))]);
  const line = [t`${jobs.length} of ${many(slots, "job")} · version ${version}`, held, ...away];
  const drain = async () => {
    const text = t("It hands its jobs back and stops. Other workers go on with them.");
    if (!(await confirmed(t`Drain ${name}?`, text, t("Drain"), t("Let it work")))) return false;
    return api.orderWorker(name, "drain");
  };
  const acts =
    state === "stopped"
      ? []
      : [
          one.paused_at
            ? order(t("Resume"), () => api.orderWorker(name, "resume"), { "aria-label": t`Resume ${name}` })
            : order(t("Pause"), () => api.orderWorker(name, "pause"), { "aria-label": t`Pause ${name}` }),
          order(t("Drain"), drain, { "aria-label": t`Drain ${name}` }),
          jobs.map((id) =>
            order(t("Requeue"), () => api.requeue(id), {
              "aria-label": t`Requeue ${id}`,
              title: t("Take its job from it"),
            }),
          ),
        ];
  return [[h("b", null, name), ` ${STATES[state] ?? state}`], line, ...acts];
}

const queued = ({ priority, waiting, retrying, oldest_seconds: oldest }) => [
  t`Priority ${priority}: ${many(waiting, "job")}`,
  t`${many(retrying, "waits for its next try", "wait for their next try")} · the oldest for ${lasted(oldest * 1000)}`,
];

const dead = (job) => [
  jobLink(job.job_id, titleOf(job)),
  job.error ? `${job.error.error_type}: ${job.error.error_message}` : date(job.completed_at),
  order(
    t("Retry"),
    async () => {
      location.href = at(`/browse/jobs/${(await api.retry(job.job_id)).job_id}`);
    },
    {
      "aria-label": t`Retry: ${titleOf(job).slice(0, 80)}`,
      title: t("Goes on in a new job; what was learnt costs nothing"),
    },
  ),
];

function hook({ endpoint_id: id, url, events, description, disabled_reason: reason }) {
  const list = h("ul", { class: "small", hidden: true });
  const show = order(t("Attempts"), async () => {
    list.hidden = false;
    const { deliveries } = await api.deliveries(id);
    list.replaceChildren(
      ...(deliveries.length ? deliveries.map((one) => delivery(id, one)) : [h("li", null, t("Nothing was sent."))]),
    );
  });
  const remove = async () => {
    const text = t("Its secret and what waits for it are deleted too.");
    return (await confirmed(t`Delete ${url}?`, text, t("Delete"), t("Keep it"))) ? api.deleteWebhook(id) : false;
  };
  const enable = reason ? order(t("Enable"), () => api.enableWebhook(id)) : "";
  return [
    [url, list],
    [description, reason && t`off: ${reason}`, events.join(", ")].filter(Boolean).join(" · "),
    show,
    enable,
    order(t("Delete"), remove, { "aria-label": t`Delete ${url}` }),
  ];
}

const delivery = (endpoint, { delivery_id: id, job_id: job, type, state, attempts }) =>
  h(
    "li",
    null,
    t`${type} of `,
    jobLink(job, job.slice(0, 13)),
    `: ${state}`,
    attempts.map((one) => ` · ${date(one.at)} ${one.status ?? one.error ?? t("broke off")}`),
    " ",
    order(t("Send again"), () => api.resend(endpoint, id), { "aria-label": t`Send ${type} again` }),
  );

async function look() {
  clearTimeout(timer);
  try {
    const failedJobs = new URLSearchParams({ status: "failed", limit: "20" });
    const [workers, queue, jobs, keys, hooks] = await Promise.all([
      api.workers(),
      api.queue(),
      api.jobs(failedJobs),
      api.keys(),
      api.webhooks(),
    ]);
    const isPaused = workers.paused_at !== null;
    $("pause").hidden = false;
    say($("pause"), isPaused ? t("Resume all workers") : t("Pause all workers"));
    $("pause").dataset.order = isPaused ? "resume" : "pause";
    $("paused").hidden = !isPaused;
    if (isPaused) {
      const since = t`All workers were paused at ${date(workers.paused_at)}`;
      say($("paused"), t`${since}: within a second, none takes a job from the queue.`);
    }
    fill("workers", workers.workers, (one) => one.name, worker);
    fill("queue", queue.priorities, (one) => one.priority, queued);
    fill("dead", jobs.jobs, (one) => one.job_id, dead);
    $("new-key").hidden = !keys.keys.length; // the first one is made on the server's machine
    fill(
      "api-keys",
      keys.keys,
      (one) => one.key_id,
      (one) => keyRow(one, order, (shown) => $("new-key").append(shown)),
    );
    fill("hooks", hooks.webhooks, (one) => one.endpoint_id, hook);
    if ($("problem").textContent === unseen) $("problem").hidden = true; // but not why an order was refused
  } catch (error) {
    unseen = told(error);
    failed(error);
  }
  if (!document.hidden) timer = setTimeout(look, 3000);
}

$("new-key").append(keyForm(failed));
$("new-hook").append(hookForm(failed));
let timer = 0;
let unseen = ""; // why the last look failed
document.addEventListener("visibilitychange", () => !document.hidden && look());
$("pause").addEventListener("click", async (event) => {
  await api.orderWorkers(event.target.dataset.order).catch(failed);
  look();
});
look();
