// An error as a page: what may have passed is tried again, and what readers meet is said in their language.
import { $, say } from "./dom.js";
import { t } from "./language.js";

/** @type {Record<string, [string, string]>} */
const WORDS = {
  not_found: [t("There is no such page"), t("The address is wrong, or what it showed is gone.")],
  job_not_found: [t("Job not found"), t("No job has this address, or it is somebody else’s.")],
  report_not_ready: [t("There is no report yet"), t("The job is not over, or it ended without one.")],
  share_not_found: [t("The link does not exist or has ended"), t("Whoever sent it can make a new one.")],
  unauthorised: [t("A key is needed"), t("The key is missing, or it was refused.")],
  forbidden: [t("The key may not do this"), t("Another key is needed, which an administrator can make.")],
  too_many_connections: [t("Too many requests"), t("Wait a moment, and try again.")],
  database_unavailable: [t("The database is not available"), t("Nothing is lost. Try again in a moment.")],
  internal_error: [t("The server failed"), t("It logged why. Try again in a moment.")],
};

const { status, code } = $("error").dataset;
const is = Number(status);
const [title, detail] = WORDS[code] ?? [];
if (title) {
  say($("error-title"), title);
  say($("error-detail"), detail);
}
$("again").hidden = is < 500 && is !== 429;
$("again").addEventListener("click", () => location.reload());
$("sign-in").hidden = is !== 401;
