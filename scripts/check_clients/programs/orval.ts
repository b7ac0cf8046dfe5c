import { getEvents, getItems, getJob, submitJob } from "../orval/hfer";
import { config, isOpen, key, kindsOf, pause, photos, report } from "./common";

const bearer = { headers: { Authorization: `Bearer ${key}` } };
const submitted = await submitJob({ files: photos, config }, bearer);
if (submitted.status !== 202) throw new Error(JSON.stringify(submitted.data));
const id = submitted.data.id;
let job = await getJob(id, bearer);
while (job.status === 200 && isOpen(job.data.status)) {
  await pause();
  job = await getJob(id, bearer);
}
if (job.status !== 200) throw new Error(JSON.stringify(job));
// Of `getResults`, one form of which is JSON Lines, it makes a stream, whatever is asked for.
const results = await getItems(id, { limit: 200 }, bearer);
if (results.status !== 200) throw new Error(JSON.stringify(results));
const events = await getEvents(id, bearer);
if (events.status !== 200) throw new Error(JSON.stringify(events));
report(job.data, results.data.data, kindsOf(events.data));
