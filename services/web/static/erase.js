// Erasing the photos that are selected: asked about first, then piece by piece.

import { at } from "./address.js";

const PIECE = 500;
const number = (value) => value.toLocaleString("en");
const photos = (count) => `${number(count)} ${count === 1 ? "photo" : "photos"}`;

export class Erasing {
  constructor(grid, { job, button, dialog, erased }) {
    Object.assign(this, { grid, job, button, dialog, erased, numbers: [], busy: false });
    this.part = (name) => dialog.querySelector(`[data-part=${name}]`);
    button.addEventListener("click", () => this.ask());
    this.part("erase").addEventListener("click", () => this.erase());
    // Closing it, by Esc too, ends it after the piece that is on its way.
    dialog.addEventListener("close", () => { this.busy = false; });
  }

  show() {
    const { selection, order } = this.grid;
    const count = selection.size;
    this.button.textContent = order.ofFaces ? `Delete the photos of ${number(count)} ${count === 1 ? "face" : "faces"}` : `Delete ${photos(count)}`;
  }

  ask() {
    const { selection, order } = this.grid;
    const numbers = new Set();
    for (const position of selection.positions()) numbers.add(order.index[position]);
    this.numbers = [...numbers];
    this.part("title").textContent = `Erase ${photos(this.numbers.length)} for good?`;
    this.part("whole").hidden = !order.ofFaces;
    this.part("said").textContent = "";
    this.part("erase").disabled = false;
    this.dialog.showModal();
  }

  async erase() {
    const total = this.numbers.length;
    let done = 0;
    this.busy = true;
    this.part("erase").disabled = true;
    try {
      while (done < total && this.busy) {
        this.part("said").textContent = `${number(done)} of ${number(total)} erased …`;
        const piece = this.numbers.slice(done, done + PIECE);
        await post(at(`/jobs/${this.job}/grid/erase`), piece);
        done += piece.length;
      }
      this.dialog.close();
    } catch (error) {
      this.part("said").textContent = `${number(done)} of ${number(total)} are erased. ${error.message}`;
      this.part("erase").disabled = false;
    } finally {
      this.numbers = this.numbers.slice(done);
      this.busy = false;
    }
    if (done) this.erased();
  }
}

async function post(address, index) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ index }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || String(answer.status));
}
