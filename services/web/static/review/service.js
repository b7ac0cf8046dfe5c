// What the page's server is asked while faces are reviewed.

import { at } from "../address.js";
import { Refusal } from "./outbox.js";

async function ask(path, options = {}) {
  const answer = await fetch(at(path), { ...options, headers: { Accept: "application/json", ...options.headers } });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, body);
  return body;
}

const post = (path, body) => ask(path, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

const grid = (job) => `/jobs/${job}/grid`;

// How an outbox reaches the service.
export const sending = {
  send: ({ job, reviewer, blind, votes }) => post(`${grid(job)}/votes`, { reviewer, blind, votes }),
  undo: ({ job, reviewer }, change) => post(`${grid(job)}/votes/undo`, { reviewer, change_id: change }),
  latest: async ({ job, reviewer }) => (await ask(`${grid(job)}/changes?${new URLSearchParams({ reviewer })}`)).data,
};

// Whether the page may review, and who has: { may, advice, reviewers }.
export const reviewersOf = (job) => ask(`${grid(job)}/reviewers`);

// A reviewer's votes on photos, up to 200 of them.
export async function votesOf(job, reviewer, numbers) {
  const query = new URLSearchParams([["reviewer", reviewer], ...numbers.map((number) => ["index", number])]);
  return (await ask(`${grid(job)}/votes?${query}`)).votes;
}
