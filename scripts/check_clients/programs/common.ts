// What the programs share: reading photos, and the names of events in a stream that came as text.
import { readFileSync } from "node:fs";
import { basename } from "node:path";

export const url = process.env["HFER_URL"]!;
export const key = process.env["HFER_API_KEY"]!;
export const photos = process.argv
  .slice(2)
  .map((path) => new File([readFileSync(path)], basename(path)));
export const config = { top_n: 3, labels: { from: "generated" } };

export const pause = () => new Promise((done) => setTimeout(done, 500));
export const isOpen = (status: string) => status === "queued" || status === "running";
export const kindsOf = (stream: string) =>
  stream.split("\n").flatMap((line) => (line.startsWith("event: ") ? [line.slice(7)] : []));

interface Photo {
  filename: string;
  faces: { top: unknown[] }[];
}

export function report(
  job: { status: string; labels: { [name: string]: string } },
  data: Photo[],
  events: string[],
) {
  const filenames = data.map((photo) => photo.filename);
  const top = data.flatMap((photo) => photo.faces.map((face) => face.top.length));
  console.log(JSON.stringify({ status: job.status, labels: job.labels, filenames, top, events }));
}
