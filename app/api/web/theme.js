// Runs before the first paint: the reader's choice of light or dark and of a language, kept on this machine only.
(() => {
  const root = document.documentElement;
  /** @param {string} name */
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  const known = (root.dataset.languages ?? "").split(" ");
  const wanted = [kept("language"), ...navigator.languages].map((name) => (name ?? "").toLowerCase().split("-")[0]);
  const language = wanted.find((name) => known.includes(name)) ?? "en";
  if (language === "en") return;
  root.lang = language;
  root.dataset.waits = ""; // for its table of words, but not for ever
  setTimeout(() => delete root.dataset.waits, 2000);
})();
