// How far a job is, as it changes: by the service's event stream, by asking while there is none.

import { at } from "./address.js";

// A stream says something every 15 s; one that a proxy collects, or that hangs, does not.
const SILENT_MS = 40_000;
// After so long without a stream another one is tried.
const ASK_FOR_MS = 60_000;
const GIVE_UP_AFTER = 40;

const visible = () => new Promise((done) => {
  if (!document.hidden) return done();
  document.addEventListener("visibilitychange", () => done(), { once: true });
});

// Listen until the job is final (gives true), the stream fails or the tab is put away. A browser
// has six connections for a page's host: tabs in the background must not hold them.
function listen(address, onState) {
  return new Promise((done) => {
    const stream = new EventSource(address);
    let timer;
    const end = (final) => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", away);
      stream.close();
      done(final);
    };
    const away = () => { if (document.hidden) end(false); };
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => end(false), SILENT_MS);
    };
    stream.addEventListener("state", (event) => {
      alive();
      const state = JSON.parse(event.data);
      onState(state);
      if (state.final) end(true);
    });
    stream.addEventListener("ping", alive);
    // One that broke is opened again by the browser; one that was refused is closed.
    stream.addEventListener("error", () => { if (stream.readyState === EventSource.CLOSED) end(false); });
    document.addEventListener("visibilitychange", away);
    alive();
  });
}

// Ask as often as the service says, for a minute; gives true when the job is final.
async function ask(address, onState, onTrouble) {
  const until = performance.now() + ASK_FOR_MS;
  for (let failures = 0; failures < GIVE_UP_AFTER;) {
    let pause = 1;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if ([401, 404, 410].includes(answer.status)) {
        location.reload();
        return true;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      failures = 0;
      const state = await answer.json();
      onState(state);
      if (state.final) return true;
      if (performance.now() > until) return false;
      pause = Number(answer.headers.get("Retry-After")) || 1;
    } catch {
      // The service restarts, or the network changes: the job goes on without us.
      failures += 1;
      pause = Math.min(15, 2 ** failures);
      onTrouble();
    }
    await new Promise((done) => { setTimeout(done, pause * 1000); });
  }
  return true;
}

export async function follow(job, { onState, onTrouble }) {
  for (let final = false; !final;) {
    await visible();
    final = await listen(at(`/jobs/${job}/events`), onState);
    if (!final && !document.hidden) final = await ask(at(`/jobs/${job}/state`), onState, onTrouble);
  }
}
