// A running job: its line and bar follow the service at once; chart and gallery are drawn anew by
// the server when photos were finished.

import { follow } from "./live.js";
import { redraw } from "./parts.js";

// Chart and gallery are not redrawn more often than this, nor under somebody's hands. Adding up
// the faces of a large job costs its service a second or two: it is asked each 100 s then.
const redrawMs = (state) => Math.max(3000, state.total);

const by = (id) => document.getElementById(id);
const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function show(state) {
  setText(by("line"), state.line);
  by("bar")?.setAttribute("value", state.progress);
  const chip = document.querySelector("#chip .chip");
  chip.className = `chip s-${state.status}`;
  setText(chip, state.word);
}

// Spoken at each tenth only: a screen reader would talk without end.
let spoken = -1;
function say(state) {
  const tenth = Math.floor(state.progress * 10);
  if (tenth === spoken && !state.final) return;
  spoken = tenth;
  by("said").textContent = `${state.word}: ${state.line}`;
}

// What was drawn last, and the state that is still to be drawn.
const drawn = { finished: Number(by("gallery").dataset.shown), at: -Infinity };
let [next, timer, busy] = [null, 0, false];

function schedule(state) {
  const turned = state.final || state.status !== by("head").dataset.status;
  if (!turned && state.finished === drawn.finished) return;
  next = state;
  clearTimeout(timer);
  const due = turned ? 0 : drawn.at + redrawMs(state) - performance.now();
  timer = setTimeout(draw, Math.max(0, due));
}

async function draw() {
  if (busy || !next) return;
  const state = next;
  [next, busy] = [null, true];
  try {
    if (!await redraw({ gently: !state.final })) throw new Error("not drawn");
    document.dispatchEvent(new Event("hfer:drawn"));
    Object.assign(drawn, { finished: state.finished, at: performance.now() });
    show(next ?? state);
    if (state.final) say(state);
  } catch {
    // The service restarts: as soon as it is back.
    next ??= state;
    drawn.at = performance.now();
  } finally {
    busy = false;
    if (next) timer = setTimeout(draw, Math.max(1000, drawn.at + 3000 - performance.now()));
  }
}

if (by("head") && !by("head").dataset.final) {
  follow(by("head").dataset.job, {
    onState: (state) => { show(state); say(state); schedule(state); },
    onTrouble: () => setText(by("line"), "No connection; trying again …"),
  });
}

// On a narrow screen charts and filter are folded, so that the photos come first.
by("unfold")?.addEventListener("click", () => {
  const open = document.querySelector(".with-side").classList.toggle("unfolded");
  by("unfold").ariaExpanded = String(open);
});
