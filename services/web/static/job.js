// A running job: how it stands is asked for as often as the service says; chart and gallery are
// drawn anew by the server when photos were finished.

const PARTS = ["head", "side", "gallery"];
// Chart and gallery are not redrawn more often than this, nor under somebody's hands. Adding up
// the faces of a large job costs its service a second or two: it is asked each 100 s then.
const redrawMs = (state) => Math.max(3000, state.total);
const GIVE_UP_AFTER = 40;

const head = () => document.getElementById("head");

// How to find the same element in the part as drawn anew.
function selectorOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.face) return `${element.localName}[data-face="${CSS.escape(element.dataset.face)}"]`;
  const home = element.closest("[id]");
  const kind = element.localName + [...element.classList].map((name) => `.${CSS.escape(name)}`).join("");
  return home === null ? kind : `#${CSS.escape(home.id)} ${kind}`;
}

async function redraw({ final }) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of PARTS) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (!old || !now) continue;
    const focused = old.contains(document.activeElement) ? selectorOf(document.activeElement) : "";
    const open = [...old.querySelectorAll("details[open]")].map(selectorOf);
    if ((focused || open.length) && !final) continue;
    old.replaceWith(now);
    for (const selector of open) now.querySelector(selector)?.setAttribute("open", "");
    if (focused) now.querySelector(focused)?.focus({ preventScroll: true });
  }
  for (const button of document.querySelectorAll("[data-needless]")) button.hidden = true;
  return true;
}

function show(state) {
  document.getElementById("line").textContent = state.line;
  document.getElementById("bar")?.setAttribute("value", state.progress);
  const chip = document.querySelector("#chip .chip");
  chip.className = `chip s-${state.status}`;
  chip.textContent = state.word;
}

// Spoken at each tenth only: a screen reader would talk without end.
let spoken = -1;
function say(state) {
  const tenth = Math.floor(state.progress * 10);
  if (tenth === spoken && !state.final) return;
  spoken = tenth;
  document.getElementById("said").textContent = `${state.word}: ${state.line}`;
}

async function watch() {
  const address = `/jobs/${head().dataset.job}/state`;
  let drawn = { finished: Number(document.getElementById("gallery").dataset.shown), at: -Infinity };
  for (let failures = 0; failures < GIVE_UP_AFTER;) {
    let pause = 1;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (answer.status === 401 || answer.status === 404 || answer.status === 410) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      failures = 0;
      const state = await answer.json();
      pause = Number(answer.headers.get("Retry-After")) || 1;
      show(state);
      say(state);
      const news = state.finished !== drawn.finished && performance.now() - drawn.at > redrawMs(state);
      if (state.final || news || state.status !== head().dataset.status) {
        if (await redraw(state)) drawn = { finished: state.finished, at: performance.now() };
        say(state);
      }
      if (state.final) return;
    } catch {
      // The service restarts, or the network changes: the job goes on without us.
      failures += 1;
      pause = Math.min(15, 2 ** failures);
      document.getElementById("line").textContent = "No connection; trying again …";
    }
    await new Promise((done) => { setTimeout(done, pause * 1000); });
  }
}

if (head() && !head().dataset.final) watch();
