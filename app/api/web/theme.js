// Runs before the first paint: the reader's choice of light or dark, kept on this machine only.
(() => {
  const root = document.documentElement,
    names = ["system", "light", "dark"];
  const kept = () => {
    try {
      return localStorage.getItem("theme") ?? "system";
    } catch {
      return "system";
    }
  };
  const set = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
  };
  set(kept());
  addEventListener("DOMContentLoaded", () => {
    const button = /** @type {HTMLElement} */ (document.getElementById("theme"));
    const show = () => {
      const name = root.dataset.theme ?? "system";
      const [sign, word] = { system: ["◐", "Auto"], light: ["○", "Light"], dark: ["●", "Dark"] }[name];
      button.textContent = `${sign} ${word}`;
      button.setAttribute("aria-label", `${sign} ${word} theme, change it`);
    };
    button.addEventListener("click", () => {
      const next = names[(names.indexOf(root.dataset.theme ?? "system") + 1) % 3];
      set(next);
      try {
        localStorage.setItem("theme", next);
      } catch {
        /* not kept, but shown */
      }
      show();
    });
    show();
    button.hidden = false;
  });
})();
