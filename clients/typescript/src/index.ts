/** The client of Dossier: `new Dossier("http://127.0.0.1:8000")`. */

export { Dossier, type DossierOptions, type FeedOptions } from "./client.js";
export type { ConnectionOptions } from "./connection.js";
export type { DocumentFilter, DocumentOptions } from "./document_calls.js";
export {
  ApiError,
  BadUrl,
  DossierError,
  NoContact,
  NoResult,
  StillRunning,
  StreamBroken,
} from "./errors.js";
export type { EventData } from "./event_data.js";
export { isLast, isOver } from "./events.js";
export type { components } from "./schema.js";
export type * from "./types.js";
