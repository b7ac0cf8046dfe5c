import { Configuration, EventsApi, JobsApi, ResultsApi } from "../typescript_fetch";
import { isOpen, key, kindsOf, pause, photos, report, url } from "./common";

const configuration = new Configuration({ basePath: url, accessToken: key });
const jobs = new JobsApi(configuration);
const { id } = await jobs.submitJob({
  files: photos,
  config: { topN: 3, labels: { from: "generated" } },
});
let job = await jobs.getJob({ jobId: id });
while (isOpen(job.status)) {
  await pause();
  job = await jobs.getJob({ jobId: id });
}
const results = await new ResultsApi(configuration).getResults({ jobId: id });
const events = await new EventsApi(configuration).getEvents({ jobId: id });
report(job, results.data, kindsOf(events ?? ""));
