// What a job is billed: its calls, tokens and cost.

/** @typedef {import("./fold.js").Bill} Bill */
/** @typedef {import("./fold.js").Call} Call */

/**
 * A failed or cut try is not a call; a reply of a model that was refused is one.
 * @param {Bill} bill
 * @param {Call} call
 */
export function charge(bill, { kind, usage, error }) {
  const refused = ["model", "judge"].includes(kind) && error?.error_type === "validation";
  bill[error && !refused ? "failed" : kind] += 1;
  bill.input += usage.input_tokens ?? 0;
  bill.output += usage.output_tokens ?? 0;
  if (usage.cost_usd === null) bill.unpriced += 1;
  else bill.cost += usage.cost_usd ?? 0;
}

/** @param {Bill} bill */
export const callsMade = (bill) => bill.model + bill.search + bill.read + bill.judge + bill.embed;
/** @param {Bill} bill */
export const costOf = (bill) => (bill.unpriced ? null : Math.round(bill.cost * 1e9) / 1e9);
