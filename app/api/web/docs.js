// Shows the OpenAPI document with Swagger UI, whose script the page loads before this one.
import { at } from "./root.js";

const root = document.documentElement;
const darkness = matchMedia("(prefers-color-scheme: dark)");

/** Follow the reader's choice of light or dark: Swagger UI has a class of its own for it. */
function followTheme() {
  const { theme } = root.dataset;
  root.classList.toggle("dark-mode", theme ? theme === "dark" : darkness.matches);
}

/**
 * Lead a reader without a key to the page that asks for one.
 * @param {{ status: number, url: string }} response
 */
function askForKey(response) {
  if (response.status === 401 && response.url.endsWith("/schema")) location.assign(at("/sign-in?next=/docs"));
  return response;
}

/** @type {{ SwaggerUIBundle: (options: object) => unknown }} */
const { SwaggerUIBundle } = /** @type {any} */ (globalThis);

followTheme();
new MutationObserver(followTheme).observe(root, { attributeFilter: ["data-theme"] });
darkness.addEventListener("change", followTheme);
SwaggerUIBundle({
  url: at("/schema"),
  dom_id: "#swagger",
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  responseInterceptor: askForKey,
  validatorUrl: null,
});
