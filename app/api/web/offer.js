// What this server offers, on the page that asks: what it lacks is said, with the way out.
import { api } from "./api.js";
import { $, h, say } from "./dom.js";
import { t } from "./language.js";
import { uploadBox } from "./uploads.js";
import { lasted, many, money } from "./words.js";

const form = $("form");

const choice = (value) => form.querySelector(`[name="sources.search"][value="${value}"]`);

/** A way to search is a choice only where it would find something. */
function offer(value, words, isOffered) {
  const input = choice(value);
  input.disabled = !isOffered;
  if (input.disabled && input.checked) choice("").checked = true;
  say(input.closest("label").querySelector(".hint"), words);
}

const WEB = t("Needs a search engine: set TAVILY_API_KEY, BRAVE_API_KEY or SEARXNG_URL on the server.");

const FRESH_MS = 16_000; // the server counts its documents anew after 15 s
let wasAdded = false;

async function look() {
  const able = await api.capabilities();
  if (wasAdded) able.documents ||= 1; // of before
  const hasWeb = able.search_engines.length > 0,
    hasDocuments = able.documents > 0;
  const documents = many(able.documents, "document");
  offer("web", hasWeb ? t`By ${able.search_engines.join(", ")}.` : WEB, hasWeb);
  offer("corpus", hasDocuments ? t`${documents} on this server.` : t("There are 0: add some below."), hasDocuments);
  offer(
    "both",
    hasWeb ? t`The web and ${documents}.` : t("Needs a search engine on the server."),
    hasWeb && hasDocuments,
  );
  say($("search-default"), able.default_search === "web" ? t("The web.") : t`${documents} on this server.`);
  $("models").replaceChildren(...able.models.map((name) => h("option", { value: name })));
  say($("model-default"), able.default_model ? t`empty: ${able.default_model}` : t("this server names none"));
  lacks(able, hasWeb, hasDocuments);
}

function lacks(able, hasWeb, hasDocuments) {
  const box = $("lacks"),
    hasModel = Boolean(able.default_model || able.models.length);
  box.hidden = hasModel && (hasWeb || hasDocuments);
  box.replaceChildren(
    ...[
      !hasWeb &&
        !hasDocuments && [
          t("0 documents and no web search: a job would find nothing."),
          t("Add documents below, or set TAVILY_API_KEY, BRAVE_API_KEY or SEARXNG_URL."),
        ],
      !hasModel && [
        t("No language model: reports are sentences selected from the pages."),
        t("Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."),
      ],
    ]
      .filter((sentences) => sentences !== false)
      .map((sentences) => h("p", null, sentences.join(" "))),
  );
}

/** What half of the jobs like it took, and nine of ten; or what the only one did. */
function took({ jobs, seconds, cost_usd: cost }) {
  if (jobs === 1) {
    const time = lasted(seconds.p50 * 1000);
    return cost ? t`One job like it took ${time} and ${money(cost.p50)}.` : t`One job like it took ${time}.`;
  }
  const half = t`${many(jobs, "job")} like it: half took less than ${lasted(seconds.p50 * 1000)}`;
  if (!cost) return `${half}.`;
  const most = t`and ${money(cost.p50)}; nine of ten less than ${lasted(seconds.p90 * 1000)} and ${money(cost.p90)}`;
  return `${half} ${most}.`;
}

/** What jobs like this one took. */
export async function estimate(request) {
  const box = $("estimate");
  try {
    const { past, waiting_jobs: waiting } = await api.estimate({ ...request, query: request.query.trim() || "?" });
    const before = waiting ? t`${many(waiting, "job waits", "jobs wait")} before it.` : "";
    say(box, [past && took(past), before].filter(Boolean).join(" "));
  } catch {
    say(box, ""); // what is wrong with the request is said when it is sent
  }
}

/** Show what the server offers, and take documents. */
export function showOffer() {
  const again = () => look().catch(() => {});
  const added = () => {
    wasAdded = true;
    again();
    setTimeout(again, FRESH_MS);
  };
  $("documents").append(uploadBox(() => form.elements["sources.collections"].value, added));
  again();
}
