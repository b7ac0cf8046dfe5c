// The window on the rows: of 100,000 photos only those in sight, and near it, are elements.

import { ScrollRange } from "./range.js";

// Rows beyond the screen, as a share of it, that are made while there is time in a frame.
const BEYOND = 0.75;
const FRAME_MS = 6;
const REST_MS = 150;

// Shows a layout in `box`, a scrolling element. `tiles` makes the element of a position and fills
// it: { make(), fill(cell, position), drop(cell) }. `moved(start, end)` hears what is in sight or near
// it, `went(position)` where the tab stop is now.
export class GridView {
  constructor(box, { tiles, moved, went }) {
    this.box = box;
    this.tiles = tiles;
    this.moved = moved;
    this.went = went;
    this.field = document.createElement("div");
    this.field.className = "grid-field";
    box.append(this.field);
    this.rows = new Map();
    this.layout = null;
    this.range = new ScrollRange();
    this.current = 0; // the tile that Tab leads to; its row is never taken away
    this.due = false;
    box.addEventListener("scroll", () => this.onScroll(), { passive: true });
  }

  // Show another layout, with `position` where it is now, or at the top.
  setLayout(layout, position = null) {
    const away = position === null || this.layout === null ? 0 : this.awayOf(position);
    this.layout = layout;
    for (const row of [...this.rows.keys()]) this.drop(row);
    this.current = Math.max(0, Math.min(this.current, layout.count - 1));
    this.resize();
    this.scrollTo(position === null ? 0 : layout.top(layout.rowOf(Math.min(position, layout.count - 1))) - away);
  }

  // The layout grew, or the box did.
  resize() {
    // The box is as high as what it shows, up to a bound: its height is known after the field's.
    this.range.resize(this.layout.height, this.range.screen);
    this.field.style.height = `${this.range.box}px`;
    this.range.resize(this.layout.height, this.box.clientHeight);
    this.box.setAttribute("aria-rowcount", this.layout.laid < this.layout.count ? -1 : this.layout.rows);
    this.place();
    this.request();
  }

  // How far below the upper edge of the box a tile is.
  awayOf(position) {
    return this.layout.top(this.layout.rowOf(Math.min(position, this.layout.count - 1))) - this.range.view;
  }

  // The first position in sight.
  first() {
    return this.layout === null || this.layout.rows === 0 ? 0 : this.layout.start(this.layout.rowAt(this.range.view));
  }

  // Positions whose tiles are in sight, [start, end).
  sight() {
    if (this.layout === null || this.layout.rows === 0) return [0, 0];
    const { view, screen } = this.range;
    return [this.layout.start(this.layout.rowAt(view)), this.layout.end(this.layout.rowAt(view + screen))];
  }

  // Positions whose tiles are whole in sight.
  *whole() {
    const [first, last] = this.sight();
    const { view, screen } = this.range;
    for (let position = first; position < last; position += 1) {
      const row = this.layout.rowOf(position);
      const top = this.layout.top(row);
      if (top >= view - 1 && top + this.layout.tall(row) <= view + screen + 1) yield position;
    }
  }

  onScroll() {
    const { shift } = this.range;
    if (Math.abs(this.box.scrollTop - this.range.place) < 1) return;
    this.range.scrolled(this.box.scrollTop);
    if (this.range.shift !== shift) this.place();
    if (this.range.scaled) {
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.scrollTo(this.range.view), REST_MS);
    }
    this.request();
  }

  scrollTo(view) {
    this.box.scrollTop = this.range.show(view);
    this.place();
    this.request();
  }

  // Bring a tile into sight, by as little as that takes.
  reveal(position) {
    const row = this.layout.rowOf(position);
    const [top, tall] = [this.layout.top(row), this.layout.tall(row)];
    const { view, screen } = this.range;
    if (top < view) this.scrollTo(top);
    else if (top + tall > view + screen) this.scrollTo(top + tall - screen);
    this.show(row);
  }

  // Move the one tab stop; `focus` takes the keyboard's focus along.
  go(position, { focus = true } = {}) {
    this.stop(this.current, -1);
    this.current = position;
    this.reveal(position);
    this.stop(position, 0);
    this.went(position);
    if (!focus) return;
    this.cell(position)?.firstElementChild.focus({ preventScroll: true });
    // In the box it is in sight; the box itself may be out of it.
    this.cell(position)?.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  stop(position, index) {
    const cell = this.cell(position);
    if (cell) cell.firstElementChild.tabIndex = index;
  }

  cell(position) {
    if (this.layout === null || this.layout.count === 0) return null;
    const row = this.layout.rowOf(position);
    return this.rows.get(row)?.children[position - this.layout.start(row)] ?? null;
  }

  *cells() {
    for (const [row, element] of this.rows) {
      const start = this.layout.start(row);
      for (let at = 0; at < element.children.length; at += 1) yield [element.children[at], start + at];
    }
  }

  refill() { for (const [cell, position] of this.cells()) this.tiles.fill(cell, position); }

  request() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => { this.due = false; this.draw(); });
  }

  draw() {
    if (this.layout === null || this.layout.rows === 0) return;
    const started = performance.now();
    const { view, screen } = this.range;
    const beyond = screen * BEYOND;
    const [first, last] = [this.layout.rowAt(view), this.layout.rowAt(view + screen)];
    const [from, to] = [this.layout.rowAt(view - beyond), this.layout.rowAt(view + screen + beyond)];
    const kept = this.layout.rowOf(this.current);
    for (const row of [...this.rows.keys()]) if ((row < from || row > to) && row !== kept) this.drop(row);
    for (let row = first; row <= last; row += 1) this.show(row);
    this.show(kept);
    for (let step = 1; first - step >= from || last + step <= to; step += 1) {
      if (performance.now() - started > FRAME_MS) { this.request(); break; }
      if (last + step <= to) this.show(last + step);
      if (first - step >= from) this.show(first - step);
    }
    this.moved(this.layout.start(from), this.layout.end(to));
  }

  show(row) {
    if (this.rows.has(row) || row >= this.layout.rows) return;
    const element = document.createElement("div");
    element.className = "grid-row";
    element.setAttribute("role", "row");
    element.ariaRowIndex = row + 1;
    element.style.height = `${this.layout.tall(row)}px`;
    const start = this.layout.start(row);
    for (const [at, { x, width }] of this.layout.across(row).entries()) {
      const cell = this.tiles.make();
      cell.ariaColIndex = at + 1;
      cell.style.left = `${x}px`;
      cell.style.width = `${width}px`;
      cell.firstElementChild.tabIndex = start + at === this.current ? 0 : -1;
      element.append(cell);
      this.tiles.fill(cell, start + at);
    }
    this.rows.set(row, element);
    this.put(row, element);
    this.field.insertBefore(element, this.after(row));
  }

  // Rows stand in the page as they stand on the screen: that is how they are read out.
  after(row) {
    const next = this.rows.get(row + 1);
    if (next) return next;
    let nearest = Infinity;
    for (const other of this.rows.keys()) if (other > row && other < nearest) nearest = other;
    return this.rows.get(nearest) ?? null;
  }

  place() { for (const [row, element] of this.rows) this.put(row, element); }

  put(row, element) {
    // A kept row far away must not make the scrolling range longer.
    const top = this.layout.top(row) - this.range.shift;
    element.style.top = `${Math.max(-1e6, Math.min(top, this.range.box - this.layout.tall(row)))}px`;
  }

  drop(row) {
    const element = this.rows.get(row);
    for (const cell of element.children) this.tiles.drop(cell);
    element.remove();
    this.rows.delete(row);
  }
}
