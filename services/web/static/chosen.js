// The bar below the grid that says what is selected, and what can be done with it.

import { at } from "./address.js";
import { selectionOf } from "./grid/selection.js";

const number = (value) => value.toLocaleString("en");

export class Chosen {
  constructor(grid, { job, bar }) {
    Object.assign(this, { grid, job, bar });
    this.count = bar.querySelector("#chosen-count");
    const acts = {
      all: () => grid.selectAll(),
      none: () => grid.change(() => grid.selection.clear()),
      download: (button) => this.download(button.dataset.form),
    };
    bar.addEventListener("click", (event) => {
      const act = acts[event.target.closest("button[data-do]")?.dataset.do];
      if (!act) return;
      act(event.target.closest("button"));
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

  // Sent as a form, so that the browser itself stores what comes; of chosen faces the results are
  // without the other faces of their photos.
  download(kind) {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: at(`/jobs/${this.job}/selected/${kind}`), hidden: true });
    const only = document.createElement("input");
    Object.assign(only, { type: "hidden", name: "only", value: selectionOf(this.grid.selection, this.grid.order) });
    form.append(only);
    document.body.append(form);
    form.submit();
    form.remove();
  }
}
