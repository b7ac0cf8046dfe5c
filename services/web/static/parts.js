// What the server draws of a job beside its photos, drawn anew in place: nothing under somebody's
// hands, and the focus stays on what it was on.

import { at, here } from "./address.js";

const by = (id) => document.getElementById(id);

// How to find the same element in the part as drawn anew.
function selectorOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.face) return `${element.localName}[data-face="${CSS.escape(element.dataset.face)}"]`;
  const home = element.closest("[id]");
  const kind = element.localName + [...element.classList].map((name) => `.${CSS.escape(name)}`).join("");
  return home === null ? kind : `#${CSS.escape(home.id)} ${kind}`;
}

// Cards that are as they were stay: their pictures would flicker.
function keepCards(old, now) {
  for (const card of now.querySelectorAll(".gallery > li[id]")) {
    const known = old.querySelector(`#${CSS.escape(card.id)}`);
    if (known?.isEqualNode(card)) card.replaceWith(known);
  }
}

function replace(id, fresh, { gently }) {
  const [old, now] = [by(id), fresh.getElementById(id)];
  if (!old || !now || old.isEqualNode(now)) return;
  const active = document.activeElement;
  const focused = old.contains(active) ? selectorOf(active) : "";
  const open = [...old.querySelectorAll("details[open]")].map(selectorOf);
  if (gently && (focused || open.length)) return;
  // What is being typed stays as it is.
  const typed = focused && active.matches("input") ? active : null;
  keepCards(old, now);
  old.replaceWith(now);
  for (const selector of open) now.querySelector(selector)?.setAttribute("open", "");
  const heir = focused ? now.querySelector(focused) : null;
  if (typed && heir) heir.replaceWith(typed);
  (typed ?? heir)?.focus({ preventScroll: true });
}

// Draw anew; `gently` leaves parts alone that somebody is in. The list of photos is drawn by the
// server only where it is asked for. Whether it was done.
export async function redraw({ gently = false } = {}) {
  const listed = by("grid") === null;
  const path = listed ? here() : `${here()}/parts`;
  const answer = await fetch(at(path) + location.search, { headers: { Accept: "text/html" } });
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["head", "side", ...(listed ? ["gallery"] : [])]) replace(id, fresh, { gently });
  for (const button of document.querySelectorAll("[data-needless]")) button.hidden = true;
  return true;
}
