// The family of a job: the jobs that it was forked from, and all forks of these.
import { api } from "./api.js";
import { h, state } from "./dom.js";
import { t } from "./language.js";
import { titleOf } from "./rows.js";

const MOST = 100; // jobs of a family that are shown: a page of a list

/** The family of a job as nested lists; null where it is alone. */
export async function family(view) {
  const search = { family: view.job_id, sort: "oldest", limit: String(MOST) };
  const { jobs } = await api.jobs(new URLSearchParams(search));
  const found = new Map(jobs.map((job) => [job.job_id, { job, forks: /** @type {any[]} */ ([]) }]));
  const tops = [];
  for (const one of found.values()) (found.get(one.job.forked_from?.job_id)?.forks ?? tops).push(one);
  if (found.size < 2) return null;
  return h(
    "ul",
    { class: "family" },
    tops.map((one) => branch(one, view.job_id)),
  );
}

const branch = ({ job, forks }, here) =>
  h(
    "li",
    null,
    h(
      "div",
      { class: job.job_id === here ? "here" : null },
      job.job_id === here
        ? h("b", { "aria-current": "page", dir: "auto" }, titleOf(job))
        : h("a", { href: `/browse/jobs/${job.job_id}`, dir: "auto" }, titleOf(job)),
      h(
        "p",
        { class: "small soft" },
        state(job.status, job.outcome),
        job.forked_from ? t` after event ${job.forked_from.after}` : "",
        job.job_id === here ? "" : [" · ", h("a", { href: `/compare?a=${here}&b=${job.job_id}` }, t("Compare"))],
      ),
    ),
    forks.length
      ? h(
          "ul",
          null,
          forks.map((one) => branch(one, here)),
        )
      : "",
  );
