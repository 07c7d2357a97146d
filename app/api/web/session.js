// Sign in with a key. The cookie that keeps it can be read by no script, this one included.
import { api, told } from "./api.js";
import { t } from "./language.js";
import { at } from "./root.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("session"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("key"));
const error = /** @type {HTMLElement} */ (document.getElementById("session-error"));

/** Where to go on: a path of this server, and of no other. */
function next() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(wanted) ? wanted : "/";
}

const elsewhere = /** @type {HTMLElement} */ (document.getElementById("elsewhere"));
const name = elsewhere.dataset.name;
if (name) {
  const link = /** @type {HTMLAnchorElement} */ (document.getElementById("oidc"));
  link.textContent = t`Sign in with ${name}`;
  link.href = `${at("/sign-in/oidc")}?next=${encodeURIComponent(next())}`;
  elsewhere.hidden = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.hidden = true;
  try {
    await api.signIn(field.value.trim());
    location.assign(at(next()));
  } catch (problem) {
    error.textContent = told(problem);
    error.hidden = false;
    field.select();
  }
});

const signOut = /** @type {HTMLElement} */ (document.getElementById("sign-out"));
const signedOut = /** @type {HTMLElement} */ (document.getElementById("signed-out"));

signOut.addEventListener("click", async () => {
  error.hidden = true;
  try {
    const left = await api.signOut();
    signedOut.textContent = t("Signed out.");
    if (left) location.assign(left.end_session_url); // of the provider, whose own session goes on otherwise
  } catch (problem) {
    error.textContent = told(problem);
    error.hidden = false;
  }
});
