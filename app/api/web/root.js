// The path of another server that this one is served below, such as /dossier; usually none.

/** An address of this server, as a browser asks for it. @param {string} path */
export const at = (path) => (document.documentElement.dataset.root ?? "") + path;

/** The path of this page without that beginning. */
export const here = () => location.pathname.slice((document.documentElement.dataset.root ?? "").length);
