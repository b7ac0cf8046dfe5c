// The grid: an order laid out in a scrolling box, with keys, pointer and selection. Photos stand
// in justified rows, faces as equal tiles. What tiles show is the caller's.

import { actionOf, target } from "./keys.js";
import { Order } from "./order.js";
import { Pointer } from "./pointer.js";
import { JustifiedRows } from "./rows.js";
import { Selection } from "./selection.js";
import { EqualTiles } from "./tiles.js";
import { GridView } from "./view.js";

const GAP = 4;
// Photos laid out before others get a turn: about a millisecond.
const PIECE = 8000;

const pause = () => globalThis.scheduler?.yield?.() ?? new Promise((done) => { setTimeout(done); });

// `tiles` as for GridView. `heard` are called back: selected(), moved([start, end)), went(position),
// help(), and key(event) for keys that are none of the grid's and pressed(position) for clicks on a
// tile, which say whether that was all.
export class Grid {
  constructor(box, { tiles, size, heard }) {
    this.box = box;
    this.size = size;
    this.heard = heard;
    this.order = Order.empty();
    this.selection = new Selection();
    this.view = new GridView(box, { tiles, moved: (start, end) => heard.moved(start, end), went: (position) => heard.went(position) });
    this.laying = 0;
    box.setAttribute("role", "grid");
    box.ariaMultiSelectable = "true";
    box.addEventListener("keydown", (event) => this.onKey(event));
    box.addEventListener("focusin", (event) => this.onFocus(event));
    this.pointer = new Pointer(this);
    this.width = box.clientWidth;
    new ResizeObserver(() => this.onResize()).observe(box);
  }

  get layout() { return this.view.layout; }
  get focused() { return this.view.current; }

  // Show another order. `at` is the position to begin with; null stays where the grid is.
  async show(order, { at = null } = {}) {
    const [before, current] = [this.order, this.order.count ? this.order.key(this.focused) : null];
    const had = this.box.contains(document.activeElement);
    this.selection = before.ofFaces === order.ofFaces ? this.selection.moved(before, order) : new Selection();
    this.order = order;
    this.box.ariaBusy = "false";
    const known = before.ofFaces === order.ofFaces && current !== null ? order.findKey(current) : -1;
    this.view.current = at ?? Math.max(0, known);
    await this.lay(at ?? (known === -1 ? 0 : this.view.first()));
    if (had && order.count) this.view.go(this.focused);
    this.heard.selected();
  }

  // Lay the order out, with `position` where it was.
  async lay(position) {
    this.laying += 1;
    const turn = this.laying;
    const shape = { width: this.box.clientWidth, size: this.size, gap: GAP };
    if (this.order.ofFaces) {
      this.view.setLayout(new EqualTiles(this.order.count, shape), position);
      return;
    }
    const layout = new JustifiedRows(this.order.ratio ?? new Uint16Array(this.order.count), shape);
    const enough = Math.max(position, this.view.current) + 1;
    while (!layout.advance(PIECE) && layout.laid < enough) {
      await pause();
      if (turn !== this.laying) return;
    }
    this.view.setLayout(layout, position);
    while (layout.laid < layout.count) {
      await pause();
      if (turn !== this.laying) return;
      if (layout.advance(PIECE)) this.view.resize();
    }
  }

  onResize() {
    if (this.layout === null) return;
    if (this.box.clientWidth === this.width) this.view.resize();
    else this.lay(this.view.first());
    this.width = this.box.clientWidth;
  }

  onFocus(event) {
    const position = this.positionOf(event.target);
    if (position !== null && position !== this.focused) this.view.go(position, { focus: false });
    else if (position !== null) this.view.reveal(position);
  }

  onKey(event) {
    if (this.positionOf(event.target) === null) return;
    const action = actionOf(event);
    const done = action === null ? this.heard.key(event) : this.act(action);
    if (done) event.preventDefault();
  }

  act({ move, extend, act }) {
    if (move) {
      const position = target(move, this.focused, this.layout, this.box.clientHeight);
      if (extend && this.selection.size === 0) this.selection.anchor = this.focused;
      this.view.go(position);
      if (extend) this.change(() => this.selection.extend(position));
      return true;
    }
    const acts = {
      toggle: () => this.change(() => this.selection.toggle(this.focused)),
      extend: () => this.change(() => this.selection.extend(this.focused)),
      all: () => this.selectAll(),
      clear: () => this.change(() => this.selection.clear()),
      help: () => this.heard.help(),
    };
    acts[act]();
    return true;
  }

  selectAll() { this.change(() => { this.selection.clear(); this.selection.add(0, this.order.count); }); }

  change(how) {
    how();
    for (const [cell, position] of this.view.cells()) cell.ariaSelected = this.selection.has(position);
    this.heard.selected();
  }

  // The position of the tile that an element belongs to, or null.
  positionOf(element) {
    const cell = element.closest?.(".tile");
    return cell && this.box.contains(cell) ? Number(cell.dataset.position) : null;
  }
}
