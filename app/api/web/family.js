// The family of a job: the jobs that it was forked from, and all forks of these.
import { api } from "./api.js";
import { h, state } from "./dom.js";
import { t } from "./language.js";
import { titleOf } from "./rows.js";

const MOST = 60; // jobs of a family that are shown
const UP = 20; // generations above

/** The first job of the family: the one that is no fork. */
async function first(view) {
  let one = view;
  for (let up = 0; up < UP && one.forked_from; up += 1) {
    const above = await api.job(one.forked_from.job_id).catch(() => null);
    if (!above) break; // deleted, or in an archive
    one = above;
  }
  return one;
}

/** The family of a job as nested lists; null where it is alone. */
export async function family(view) {
  const root = await first(view);
  const top = { job: root, forks: /** @type {any[]} */ ([]) };
  const found = new Map([[root.job_id, top]]);
  for (const [id, one] of found) {
    if (found.size >= MOST) break;
    for (const fork of (await api.forks(id)).reverse()) {
      const branch = { job: fork, forks: [] };
      one.forks.push(branch);
      found.set(fork.job_id, branch);
    }
  }
  return found.size > 1 ? h("ul", { class: "family" }, branch(top, view.job_id)) : null;
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
