// What the job asks before it goes on: its plan to review, or questions to answer.
import { api, told } from "./api.js";
import { $, h, say, tell } from "./dom.js";
import { t } from "./language.js";
import { id } from "./run_state.js";
import { lasted } from "./words.js";

export function drawAsks(asks) {
  const box = $("asks");
  box.hidden = !asks;
  if (!asks) {
    box.dataset.seq = "";
    return;
  }
  if (box.dataset.seq !== String(asks.seq)) {
    box.dataset.seq = asks.seq;
    box.replaceChildren(...(asks.plan ? review(asks) : questions(asks)));
  }
  say(box.querySelector(".left"), lasted(Math.max(0, asks.until - Date.now())));
}

/** A form that sends what `said` makes of it; what is wrong is told in its place. */
function answering(fields, verb, otherwise, said) {
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const button = h("button", { class: "main" }, verb);
  const form = h(
    "form",
    null,
    fields,
    wrong,
    h("div", { class: "send" }, button, h("span", { class: "hint" }, otherwise, h("span", { class: "left num" }), ".")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.hidden = true;
    try {
      const answer = said();
      button.disabled = true;
      await api.input(id, answer);
      tell(t("The job goes on."), true);
    } catch (error) {
      button.disabled = false;
      wrong.hidden = false;
      say(wrong, told(error));
      form.querySelector("textarea")?.focus();
    }
  });
  return form;
}

/** The plan as a list to edit: each step a field, moved, removed or added. */
function review(asks) {
  const list = h("ol", { class: "plan-steps" });
  const number = () => {
    [...list.children].forEach((item, at) => {
      item.querySelector("textarea").setAttribute("aria-label", t`Step ${at + 1}`);
      item.querySelector(".up").disabled = at === 0;
    });
  };
  const step = (text) => {
    const button = (style, sign, words, act) =>
      h(
        "button",
        { type: "button", class: `slim quiet ${style}`, "aria-label": words, title: words, onclick: act },
        sign,
      );
    const item = h(
      "li",
      null,
      h("textarea", { name: "step", maxlength: 200, rows: 1, dir: "auto" }, text),
      button("up", "↑", t("Move this step up"), () => {
        item.previousElementSibling?.before(item);
        number();
        item.querySelector("textarea").focus();
      }),
      button("", "✕", t("Remove this step"), () => {
        (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("textarea").focus();
        item.remove();
        number();
      }),
    );
    item.querySelector("textarea").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      item.after(step(""));
      number();
      item.nextElementSibling.querySelector("textarea").focus();
    });
    return item;
  };
  list.append(...asks.plan.map(step));
  number();
  const add = h(
    "button",
    {
      type: "button",
      class: "slim",
      onclick: () => {
        list.append(step(""));
        number();
        list.lastElementChild.querySelector("textarea").focus();
      },
    },
    t("Add a step"),
  );
  const form = answering(
    [list, h("div", null, add)],
    t("Go on with this plan"),
    t("Continues with its own plan in "),
    () => {
      const steps = [...list.querySelectorAll("textarea")]
        .map((field) => field.value.trim().replace(/\s+/g, " "))
        .filter(Boolean);
      if (!steps.length) throw new Error(t("Write at least one step."));
      return steps.join("\n") === asks.plan.join("\n") ? { approve: true } : { plan: steps };
    },
  );
  tell(t("The plan waits for your review."), true);
  return [
    h("h2", { id: "asks-title" }, t("Review the plan")),
    h("p", { class: "small soft" }, t("Nothing is searched or paid for until you go on or the time is up.")),
    form,
  ];
}

function questions(asks) {
  const fields = asks.questions.map((text, n) =>
    h(
      "div",
      { class: "field" },
      h("label", { for: `answer-${n}`, dir: "auto" }, text),
      h("textarea", { id: `answer-${n}`, name: "answer", rows: 2, maxlength: 2000, dir: "auto" }),
    ),
  );
  const form = answering(fields, t("Answer"), t("Continues without an answer in "), () => {
    const answers = [...form.querySelectorAll("textarea")].map((field) => field.value.trim()).filter(Boolean);
    if (!answers.length) throw new Error(t("Answer at least one of them."));
    return { answers };
  });
  tell(t`The job asks: ${asks.questions.join(" ")}`, true);
  return [
    h("h2", { id: "asks-title" }, t("Before it starts, it asks")),
    form,
    h("p", { class: "small soft" }, t("Without an answer it assumes:")),
    h(
      "ul",
      { class: "small" },
      asks.assumptions.map((text) => h("li", { dir: "auto" }, text)),
    ),
  ];
}
