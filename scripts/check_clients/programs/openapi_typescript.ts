import createClient from "openapi-fetch";
import type { paths } from "../openapi_typescript/hfer";
import { config, isOpen, key, kindsOf, pause, photos, report, url } from "./common";

const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
const submitted = await client.POST("/v1/jobs", {
  body: { files: photos, config },
  bodySerializer: ({ files, config }) => {
    const form = new FormData();
    for (const file of files) form.append("files", file);
    form.append("config", JSON.stringify(config));
    return form;
  },
});
if (!submitted.data) throw new Error(submitted.error.detail);
const params = { path: { job_id: submitted.data.id } };
let job = await client.GET("/v1/jobs/{job_id}", { params });
while (job.data && isOpen(job.data.status)) {
  await pause();
  job = await client.GET("/v1/jobs/{job_id}", { params });
}
if (!job.data) throw new Error(job.error?.detail);
const results = await client.GET("/v1/jobs/{job_id}/results", { params });
if (!results.data || typeof results.data === "string") throw new Error(results.error?.detail);
const events = await client.GET("/v1/jobs/{job_id}/events", { params, parseAs: "text" });
report(job.data, results.data.data, kindsOf(events.data ?? ""));
