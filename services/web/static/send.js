// Photos on their way: one request when they are few, batches that can be repeated when many.

import { at, here } from "./address.js";
import { pathOf } from "./files.js";
import { namesOf } from "./names.js";

const TRIES = 5;
// One request is sent anew from its beginning when it breaks: so only as much as this.
const ONE_REQUEST_BYTES = 32_000_000;

export class SendError extends Error {}

const randomKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// XMLHttpRequest and not fetch: fetch does not report how much of a body is sent.
function request(method, address, { body, headers = {}, signal, onSent }) {
  return new Promise((done, failed) => {
    signal?.throwIfAborted();
    const xhr = new XMLHttpRequest();
    const stop = () => xhr.abort();
    xhr.open(method, address);
    xhr.setRequestHeader("Accept", "application/json");
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.addEventListener("progress", (event) => onSent?.(event.loaded));
    xhr.addEventListener("load", () => done(xhr));
    xhr.addEventListener("error", () => failed(new SendError("The connection broke.")));
    xhr.addEventListener("abort", () => failed(new DOMException("stopped", "AbortError")));
    signal?.addEventListener("abort", stop, { once: true });
    xhr.addEventListener("loadend", () => signal?.removeEventListener("abort", stop));
    xhr.send(body);
  });
}

function answerOf(xhr) {
  try {
    return JSON.parse(xhr.responseText);
  } catch {
    return {};
  }
}

// Send until it is answered; what may mend itself (no answer, 429, 502 to 504) is tried again.
async function insist(method, address, options, onPause) {
  for (let attempt = 1; ; attempt += 1) {
    let problem;
    try {
      const xhr = await request(method, address, options);
      if (xhr.status < 300) return answerOf(xhr);
      const answer = answerOf(xhr);
      problem = new SendError([answer.detail, answer.advice].filter(Boolean).join(" ") || `The page answered ${xhr.status}.`);
      if (xhr.status === 401) location.assign(at(`/login?next=${encodeURIComponent(here())}`));
      if (![429, 502, 503, 504].includes(xhr.status)) throw problem;
    } catch (error) {
      if (!(error instanceof SendError) || error === problem) throw error;
      problem = error;
    }
    if (attempt === TRIES) throw problem;
    onPause?.(problem);
    await pause(2 ** (attempt - 1) * 1000, options.signal);
  }
}

function pause(ms, signal) {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      failed(new DOMException("stopped", "AbortError"));
    }, { once: true });
  });
}

export function batchesOf(files, { bytes, count }) {
  const batches = [];
  let size = Infinity;
  for (const file of files) {
    if (size + file.size > bytes || batches.at(-1).length >= count) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1).push(file);
    size += file.size;
  }
  return batches;
}

// Forms cannot tell these from what they stand for: batches carry names as they are.
const AMBIGUOUS = /%(22|0d|0a)|\\|=\?/i;

// Send everything as one job; gives the address of its page.
export async function send(chosen, { name, whole, signal, onProgress, onPause }) {
  const { limits, files, bytes } = chosen;
  const names = new Map(namesOf(files.map(pathOf)).map((called, place) => [files[place], called]));
  const plain = chosen.hasArchive || ![...names.values()].some((called) => AMBIGUOUS.test(called));
  const fits = plain && files.length <= limits.requestFiles && bytes <= limits.requestBytes * 0.99;
  if (fits && (bytes <= ONE_REQUEST_BYTES || chosen.hasArchive)) {
    return sendOnce(files, { names, name, whole, signal, onPause, onSent: (sent) => onProgress(Math.min(sent, bytes)) });
  }
  if (chosen.hasArchive) {
    throw new SendError("Archives go with at most 1 GB in all. Send them in jobs of their own.");
  }
  return sendBatches(chosen, { names, name, whole, signal, onProgress, onPause });
}

async function sendOnce(files, { names, name, whole, signal, onSent, onPause }) {
  const body = new FormData();
  const config = { ...(name && { labels: { name } }), ...(whole && { faces: "whole" }) };
  if (name || whole) body.append("config", JSON.stringify(config));
  for (const file of files) body.append("files", file, names.get(file));
  const headers = { "Idempotency-Key": randomKey() };
  return (await insist("POST", at("/jobs"), { body, headers, signal, onSent }, onPause)).address;
}

async function sendBatches({ files, limits }, { names, name, whole, signal, onProgress, onPause }) {
  // Half of what the server takes: two batches of two visitors fit beside each other.
  const batches = batchesOf(files, { bytes: limits.batchBytes / 2, count: limits.batchFiles });
  const headers = { "Content-Type": "application/octet-stream", "Idempotency-Key": randomKey() };
  let [upload, start, sent] = ["", 0, 0];
  try {
    for (const batch of batches) {
      const line = JSON.stringify(batch.map((file) => ({ name: names.get(file), size: file.size })));
      const body = new Blob([line, "\n", ...batch]);
      const address = at(upload ? `/uploads/${upload}/batches?start=${start}` : "/uploads");
      const before = sent;
      const size = batch.reduce((sum, file) => sum + file.size, 0);
      const onSent = (loaded) => onProgress(before + Math.min(loaded, size), start);
      const answer = await insist("POST", address, { body, headers, signal, onSent }, onPause);
      upload = answer.upload;
      start = answer.next;
      sent += size;
      onProgress(sent, start);
    }
  } catch (error) {
    // What lies in the bucket would be kept a day for nothing. (An upload whose first batch was
    // never answered has no name here; the service forgets it by itself.)
    if (upload) await request("DELETE", at(`/uploads/${upload}`), {}).catch(() => undefined);
    throw error;
  }
  const body = JSON.stringify({ name, whole });
  const sealed = { body, headers: { "Content-Type": "application/json" }, signal };
  return (await insist("POST", at(`/uploads/${upload}/seal`), sealed, onPause)).address;
}
