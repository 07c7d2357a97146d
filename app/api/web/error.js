// An error as a page: what may have passed is tried again.
import { $ } from "./dom.js";

const status = Number($("error").dataset.status);
$("again").hidden = status < 500 && status !== 429;
$("again").addEventListener("click", () => location.reload());
$("sign-in").hidden = status !== 401;
