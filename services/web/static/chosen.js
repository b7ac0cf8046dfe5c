// The bar below the grid that says what is selected, and what can be done with it.

import { results } from "./grid/sources.js";

const PIECE = 200;
const number = (value) => value.toLocaleString("en");

export class Chosen {
  constructor(grid, { job, bar }) {
    Object.assign(this, { grid, job, bar });
    this.count = bar.querySelector("#chosen-count");
    const acts = {
      all: () => grid.selectAll(),
      none: () => grid.change(() => grid.selection.clear()),
      results: (button) => this.download(button),
    };
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-do]");
      if (!button) return;
      acts[button.dataset.do](button);
      // The bar goes with the last of the selection, and the focus with it.
      if (bar.hidden && grid.order.count) grid.view.go(grid.focused);
    });
  }

  show() {
    const { selection, order } = this.grid;
    const size = selection.size;
    this.bar.hidden = size === 0;
    this.count.textContent = size ? `${number(size)} of ${number(order.count)} selected` : "";
    const all = this.bar.querySelector("[data-do=all]");
    all.textContent = `All ${number(order.count)} of this filter`;
    all.hidden = size === order.count;
  }

  // Results of the chosen photos, a line each; of chosen faces, with no other faces of the photo.
  async download(button) {
    const words = button.textContent;
    const { order, selection } = this.grid;
    const faces = new Map();
    for (const position of selection.positions()) {
      const index = order.index[position];
      if (!faces.has(index)) faces.set(index, new Set());
      if (order.ofFaces) faces.get(index).add(order.faceIndex[position]);
    }
    const numbers = [...faces.keys()];
    const pieces = [];
    button.disabled = true;
    try {
      for (let at = 0; at < numbers.length; at += PIECE) {
        button.textContent = `${number(at)} of ${number(numbers.length)} …`;
        for (const photo of await results(this.job, numbers.slice(at, at + PIECE))) {
          const kept = order.ofFaces ? photo.faces.filter((face) => faces.get(photo.index).has(face.face_index)) : photo.faces;
          pieces.push(`${JSON.stringify({ ...photo, faces: kept })}\n`);
        }
      }
      save(new Blob(pieces, { type: "application/jsonl" }), `hfer-${this.job}-selected.jsonl`);
      button.textContent = words;
    } catch (error) {
      button.textContent = `${words}: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
