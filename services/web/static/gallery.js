// The gallery of a job: the grid over its photos or faces, with what the page has around it.

import { at, here } from "./address.js";
import { Chosen } from "./chosen.js";
import { Erasing } from "./erase.js";
import { Grid } from "./grid/grid.js";
import { Orders, cropStore, photoStore } from "./grid/sources.js";
import { Tiles } from "./grid/tile.js";
import { redraw } from "./parts.js";
import { Review } from "./review/mode.js";

const by = (id) => document.getElementById(id);
const box = by("grid");
const job = box.dataset.job;
const SIZES = { photos: 200, faces: 128 };
const SETTLE_MS = 60;

// The list as the address says: of, sort and the filter.
const params = () => {
  const found = new URLSearchParams(location.search);
  found.delete("view");
  return found;
};
const draw = box.dataset.draw;
// A key that sees faces blurred sees none cut out.
const kind = () => ((params().get("of") === "faces" || draw) && box.dataset.faces === "yes" ? "faces" : "photos");
const reviewing = () => kind() === "faces" && params().get("review") === "yes";
// What the address says beside the filter.
const VIEW = ["of", "sort", "review", "draw"];

const orders = new Orders(job);
const refill = () => { by("grid-fault").hidden = true; grid.view.refill(); review.show(); };
const fault = (error) => {
  by("grid-fault").textContent = `${error.message} Trying again …`;
  by("grid-fault").hidden = false;
};
const heard = { arrived: refill, failed: fault };
const photos = photoStore(job, params, (numbers) => review.own(numbers), heard);
const crops = cropStore(job, heard);

// What tiles are of, as grid/tile.js asks for it.
const gallery = {
  erased: box.dataset.erased === "yes",
  get order() { return grid.order; },
  get selection() { return grid.selection; },
  photo: (position) => photos.get(grid.order.index[position]),
  crop: (position) => crops.get(grid.order.key(position)),
  picture: (photo) => at(`/jobs/${job}/photos/${photo.id}/${sharp() ? "small" : "thumbnail"}.jpg`),
  said: (position) => review.said(position),
  link(photo, position) {
    // A photo's own page says what the model does.
    if (draw) return at(`/jobs/${job}/photos/${photo.id}/large.jpg`);
    const search = params().toString();
    const face = grid.order.ofFaces ? `#face-${photo.id}-${grid.order.faceIndex[position]}` : "";
    return at(`/jobs/${job}/photos/${photo.id}${search && `?${search}`}${face}`);
  },
};

// Thumbnails have 320 pixels on their longer side.
const sharp = () => Number(by("size").value) * devicePixelRatio > 360;

// What is in sight, or near it, is asked for once scrolling rests for a moment.
let settling = 0;
function moved(start, end) {
  clearTimeout(settling);
  settling = setTimeout(() => {
    const { order } = grid;
    // What is in sight first, then what is near it.
    const [from, to] = grid.view.sight();
    const span = (first, last) => Array.from({ length: Math.max(0, Math.min(last, order.count) - first) }, (_, step) => first + step);
    const positions = [...span(from, to), ...review.ahead(), ...span(to, end), ...span(start, from)];
    photos.want([...new Set(positions.map((position) => order.index[position]))]);
    if (order.ofFaces && !gallery.erased) crops.want(positions.map((position) => order.key(position)));
  }, SETTLE_MS);
}

const grid = new Grid(box, {
  tiles: new Tiles(gallery),
  size: sizeOf(kind()),
  heard: {
    moved,
    selected: () => { chosen.show(); erasing.show(); },
    help: () => by("keys-help").showModal(),
    key: (event) => review.key(event),
    pressed: () => review.on,
    went: () => { if (review.on) { review.show(); grid.view.request(); } },
  },
});
const chosen = new Chosen(grid, { job, bar: by("chosen") });
const erasing = new Erasing(grid, {
  job,
  button: by("erase-chosen"),
  dialog: by("erase"),
  erased() {
    grid.change(() => grid.selection.clear());
    return Promise.all([load(), redraw()]);
  },
});
const review = new Review({
  job, draw, grid, box: by("review"),
  face: (position) => {
    const photo = photos.get(grid.order.index[position]) ?? null;
    const number = grid.order.faceIndex[position];
    const found = photo?.faces.find(([index]) => index === number);
    return {
      key: grid.order.key(position), number, photo, crop: crops.get(grid.order.key(position)) ?? null,
      box: found?.slice(5, 9) ?? null, likely: found?.[9] ?? null, vote: review.votes.get(grid.order.key(position)),
      link: photo?.id ? gallery.link(photo, position) : null,
    };
  },
  large: (photo) => (gallery.erased ? "" : at(`/jobs/${job}/photos/${photo.id}/medium.jpg`)),
  refresh: () => grid.view.refill(),
  forget: () => { photos.clear(); if (draw) load({ begin: true }); else grid.view.request(); },
});

// There is room for more than the label from here on.
function resize(size) {
  grid.size = size;
  box.classList.toggle("roomy", size >= 112);
}

function sizeOf(of) { return Number(localStorageOr(`hfer-size-${of}`)) || SIZES[of]; }
function localStorageOr(name) { try { return localStorage.getItem(name); } catch { return null; } }

// The controls say what the address does.
function showControls() {
  const of = kind();
  for (const button of document.querySelectorAll("[data-of]")) button.ariaPressed = String(button.dataset.of === of);
  by("size").value = sizeOf(of);
  if (draw) return;
  by("sort").value = params().get("sort") ?? "sent";
  if (by("review-toggle")) by("review-toggle").ariaPressed = String(reviewing());
  const list = new URLSearchParams(params());
  for (const name of VIEW) list.delete(name);
  list.set("view", "list");
  by("as-list").href = `${at(here())}?${list}#gallery`;
}

function title({ total, ofFaces }) {
  const [one, many] = ofFaces ? ["face", "faces"] : ["photo", "photos"];
  const filter = [...params().keys()].some((name) => !VIEW.includes(name));
  const words = `${total.toLocaleString("en")} ${total === 1 ? one : many}${filter ? ` that ${total === 1 ? "fits" : "fit"} the filter` : ""}`;
  by("gallery-title").textContent = words;
  box.ariaLabel = words;
  box.classList.toggle("empty-grid", total === 0);
  box.dataset.empty = filter ? "Nothing fits the filter." : by("head").dataset.final ? "There is no photo to show." : "The first photos appear here in a moment.";
}

// Where the address asks to begin: a photo's number, as the photo page's way back gives it.
function beginning(order) {
  const found = /^#photo-(\d+)$/.exec(location.hash);
  const position = found ? order.find(Number(found[1])) : -1;
  return position === -1 ? null : position;
}

async function load({ begin = false } = {}) {
  const of = kind();
  const asked = params();
  asked.set("of", of);
  if (reviewing()) await review.start();
  else if (review.on) review.stop();
  if (draw) asked.set("reviewer", review.reviewer);
  by("gallery").classList.toggle("reviewing", review.on);
  if (!asked.has("sort")) asked.set("sort", "sent");
  box.ariaBusy = "true";
  try {
    const order = await orders.get(asked);
    photos.clear();
    if (!order.ofFaces) crops.clear();
    resize(sizeOf(of));
    title(order);
    await grid.show(order, { at: begin ? beginning(order) ?? 0 : null });
    if (begin && beginning(order) !== null) grid.view.go(beginning(order));
    review.show();
    by("grid-fault").hidden = true;
  } catch (error) {
    box.ariaBusy = "false";
    fault(error);
    setTimeout(load, 3000);
  }
}

// Show another list: its address, its order, and the counts and downloads that follow from it.
async function open(found) {
  const search = found.toString();
  history.pushState(null, "", `${at(here())}${search && `?${search}`}`);
  showControls();
  await Promise.all([load({ begin: true }), redraw()]);
}

function changed(name, value) {
  const found = params();
  if (value) found.set(name, value);
  else found.delete(name);
  open(found);
}

for (const button of document.querySelectorAll("[data-of]")) {
  button.addEventListener("click", () => changed("of", button.dataset.of === "faces" ? "faces" : ""));
}
by("review-toggle")?.addEventListener("click", () => {
  const found = params();
  if (reviewing()) found.delete("review");
  else for (const [name, value] of [["of", "faces"], ["review", "yes"]]) found.set(name, value);
  open(found);
});
by("sort")?.addEventListener("change", (event) => changed("sort", event.target.value === "sent" ? "" : event.target.value));
by("size").addEventListener("input", (event) => {
  try { localStorage.setItem(`hfer-size-${kind()}`, event.target.value); } catch { /* It is for this visit then. */ }
  resize(Number(event.target.value));
  grid.lay(grid.view.first());
});

// The filter is a form that works without scripts; here it changes the list in place.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "narrow") return;
  event.preventDefault();
  const asked = new URLSearchParams();
  for (const name of VIEW) if (params().has(name)) asked.set(name, params().get(name));
  for (const [name, value] of new FormData(event.target)) if (value) asked.set(name, value);
  for (const field of event.target.elements) field.disabled = false;
  open(asked);
});
// So are bars of the charts, and the ways back to all.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#side a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const asked = new URL(link.href).searchParams;
  for (const name of VIEW) if (params().has(name)) asked.set(name, params().get(name));
  open(asked);
});
let typing = 0;
document.addEventListener("input", (event) => {
  if (event.target.id !== "q") return;
  clearTimeout(typing);
  typing = setTimeout(() => event.target.form?.requestSubmit(), 350);
});
addEventListener("popstate", () => { showControls(); load({ begin: true }); redraw(); });
// While a job runs, what it finished comes in where it belongs.
document.addEventListener("hfer:drawn", () => load());

// From here on the model's answers are in sight, and votes say so.
const LEFT = "hfer-left-blind";
by("leave-blind")?.addEventListener("click", () => { try { sessionStorage.setItem(LEFT, "yes"); } catch { /* It is not said then. */ } });
function leftBlind() { try { return !draw && sessionStorage.getItem(LEFT) !== null && (sessionStorage.removeItem(LEFT), true); } catch { return false; } }

// Who scrolls in the grid wants to see it: all of it comes into the window.
box.addEventListener("scroll", () => {
  if (box.getBoundingClientRect().bottom > innerHeight + 1) box.scrollIntoView({ block: "nearest" });
}, { passive: true });

showControls();
load({ begin: true });
if (leftBlind()) review.notices.say("You left the blind review: your answers are not blind from here on.");
