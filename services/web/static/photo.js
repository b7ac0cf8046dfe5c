// The page of one photo: on to its neighbours, back to the list, and closer.

const STEPS = [1, 1.5, 2, 3, 4, 6, 8];
const zoom = document.getElementById("zoom");
const help = document.getElementById("keys-help");
let step = 0;

// Larger or smaller about the middle of what is shown, or about a place in it (0..1 of the box).
function zoomTo(next, { x = 0.5, y = 0.5 } = {}) {
  const goal = Math.max(0, Math.min(STEPS.length - 1, next));
  if (!zoom || goal === step) return;
  const shot = zoom.firstElementChild;
  const { clientWidth: width, clientHeight: height, scrollLeft, scrollTop } = zoom;
  const before = shot.clientWidth;
  step = goal;
  // The box keeps its height, so that what lies below it stays where it is.
  zoom.style.height = step === 0 ? "" : `${height}px`;
  shot.style.width = step === 0 ? "" : `${STEPS[step] * 100}%`;
  zoom.classList.toggle("closer", step > 0);
  const scale = shot.clientWidth / before;
  const left = (scrollLeft + x * width) * scale - x * width;
  const top = (scrollTop + y * height) * scale - y * height;
  zoom.scrollTo({ left, top, behavior: "instant" });
}

const zooms = { in: () => zoomTo(step + 1), out: () => zoomTo(step - 1), fit: () => zoomTo(0) };
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => zooms[button.dataset.zoom]());
}

const follow = (selector) => {
  const link = document.querySelector(selector);
  if (link?.href) location.assign(link.href);
};
const KEYS = {
  ArrowLeft: () => follow('a[rel="prev"]'),
  ArrowRight: () => follow('a[rel="next"]'),
  Escape: () => (step > 0 ? zoomTo(0) : follow("#back")),
  "+": zooms.in, "=": zooms.in, "-": zooms.out, 0: zooms.fit,
  "?": () => help.showModal(),
};
// Keys act unless something else has them: a field, a dialog, the boxes on the photo (arrows),
// or the photo itself while it is larger than its box.
addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("input, select, textarea, dialog") || document.querySelector("dialog[open]")) return;
  const arrow = event.key.startsWith("Arrow");
  if (arrow && (event.target.closest?.("a.box") || (step > 0 && zoom?.contains(event.target)))) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// Drag what is larger than its box; a double click goes closer to where it was.
let drag = null;
zoom?.addEventListener("pointerdown", (event) => {
  if (step === 0 || event.pointerType !== "mouse" || event.button !== 0) return;
  drag = { x: event.clientX + zoom.scrollLeft, y: event.clientY + zoom.scrollTop };
});
zoom?.addEventListener("pointermove", (event) => {
  if (drag) zoom.scrollTo({ left: drag.x - event.clientX, top: drag.y - event.clientY, behavior: "instant" });
});
addEventListener("pointerup", () => { drag = null; });
zoom?.addEventListener("dblclick", (event) => {
  const { left, top, width, height } = zoom.getBoundingClientRect();
  zoomTo(step === 0 ? 2 : 0, { x: (event.clientX - left) / width, y: (event.clientY - top) / height });
});
zoom?.querySelector("img")?.setAttribute("draggable", "false");

// The next photo is most likely the next one asked for.
const next = document.querySelector('a[rel="next"][href]');
if (next && zoom) {
  const picture = new URL(next.href);
  new Image().src = `${picture.pathname}/large.jpg`;
}
