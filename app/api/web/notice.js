// A notice of the browser when a job ends while its page is out of sight. The reader is asked once.
import { question } from "./run_state.js";

/** Whether the reader was not asked yet. */
export const canAsk = () => "Notification" in globalThis && Notification.permission === "default";

export const askOnce = () => Notification.requestPermission();

/** @param {string} state */
export function notify(state) {
  if (!document.hidden || !("Notification" in globalThis) || Notification.permission !== "granted") return;
  const notice = new Notification(state, { body: question().slice(0, 200), tag: location.pathname });
  notice.addEventListener("click", () => {
    focus();
    notice.close();
  });
}
