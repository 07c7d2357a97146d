import type { components, operations, paths } from "./api";

type Submit = paths["/jobs"]["post"];
const body: Submit["requestBody"]["content"]["application/json"] = { query: "Why?" };
type Created = components["schemas"]["Created"];
type Listed = operations["list_jobs"]["responses"][200]["content"]["application/json"];
export const first = (page: Listed): string => page.jobs.map((job) => job.job_id).join();
export const address = (job: Created): string => `${job.url}${body.query}`;

// Each of these lines must be refused, or the types say nothing.
// @ts-expect-error the query is a string
export const wrong: Submit["requestBody"]["content"]["application/json"] = { query: 1 };
// @ts-expect-error a tag is a string
export const tagged: Submit["requestBody"]["content"]["application/json"] = { query: "Why?", tags: [1] };
