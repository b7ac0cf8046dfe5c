import { createClient } from "../hey_api/client";
import { getEvents, getJob, getResults, submitJob } from "../hey_api";
import { config, isOpen, key, pause, photos, report, url } from "./common";

const client = createClient({ baseUrl: url, auth: key, throwOnError: true });
const submitted = await submitJob({ client, body: { files: photos, config }, throwOnError: true });
const path = { job_id: submitted.data.id };
let { data: job } = await getJob({ client, path, throwOnError: true });
while (isOpen(job.status)) {
  await pause();
  ({ data: job } = await getJob({ client, path, throwOnError: true }));
}
const results = await getResults({ client, path, throwOnError: true });
if (typeof results.data === "string") throw new Error(results.data);
const events: string[] = [];
const { stream } = await getEvents({ client, path, onSseEvent: ({ event }) => events.push(event ?? "") });
for await (const _ of stream);
report(job, results.data.data, events.filter(Boolean));
