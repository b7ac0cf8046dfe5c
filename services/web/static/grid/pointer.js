// Clicks, the marquee and the long press. A click opens its photo; with something selected, on the
// mark in the corner or with Ctrl it selects one more, with Shift a range.

const DRAG_PX = 6;
const EDGE_PX = 48;

export class Pointer {
  constructor(grid) {
    this.grid = grid;
    this.drag = null;
    const { box } = grid;
    box.addEventListener("click", (event) => this.onClick(event));
    box.addEventListener("contextmenu", (event) => this.onLongPress(event));
    box.addEventListener("pointerdown", (event) => this.onDown(event));
    box.addEventListener("pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, () => this.onUp());
  }

  onClick(event) {
    const { grid } = this;
    const position = grid.positionOf(event.target);
    if (this.swept) {
      this.swept = false;
      event.preventDefault();
      return;
    }
    if (position === null) return;
    const one = event.ctrlKey || event.metaKey || event.target.closest(".check");
    // Enter is a click that no pointer made.
    const choosing = one || event.shiftKey || (event.detail > 0 && grid.selection.size > 0);
    if (!choosing) {
      if (event.detail > 0 && grid.heard.pressed(position)) {
        event.preventDefault();
        grid.view.go(position);
      }
      return;
    }
    event.preventDefault();
    grid.view.go(position);
    grid.change(() => {
      if (event.shiftKey) grid.selection.extend(position);
      else grid.selection.toggle(position);
    });
  }

  onLongPress(event) {
    const position = this.grid.positionOf(event.target);
    if (event.pointerType !== "touch" || position === null) return;
    event.preventDefault();
    this.grid.change(() => this.grid.selection.toggle(position));
  }

  onDown(event) {
    this.swept = false;
    if (event.pointerType !== "mouse" || event.button !== 0 || event.shiftKey) return;
    const at = this.placeOf(event);
    if (at.x > this.grid.box.clientWidth) return; // the scroll bar
    this.drag = { from: at, to: at, before: [], begun: false, id: event.pointerId };
  }

  // Where in the whole list the pointer is.
  placeOf(event) {
    const { left, top } = this.grid.box.getBoundingClientRect();
    this.client = event;
    return { x: event.clientX - left, y: event.clientY - top + this.grid.view.range.view };
  }

  onMove(event) {
    const { drag, grid } = this;
    if (drag === null) return;
    drag.to = this.placeOf(event);
    if (!drag.begun) {
      if (Math.hypot(drag.to.x - drag.from.x, drag.to.y - drag.from.y) < DRAG_PX) return;
      drag.begun = true;
      drag.before = event.ctrlKey || event.metaKey ? grid.selection.ranges : [];
      grid.box.setPointerCapture(drag.id);
      this.frame = document.createElement("div");
      this.frame.className = "marquee";
      grid.view.field.append(this.frame);
      this.follow();
    }
    this.sweep();
  }

  // While the pointer is at an edge the grid scrolls under it.
  follow() {
    const { drag, grid } = this;
    if (!drag?.begun) return;
    const { top, bottom } = grid.box.getBoundingClientRect();
    const over = Math.min(0, this.client.clientY - top - EDGE_PX) + Math.max(0, this.client.clientY - bottom + EDGE_PX);
    if (over !== 0) {
      grid.view.scrollTo(grid.view.range.view + over / 3);
      drag.to = this.placeOf(this.client);
      this.sweep();
    }
    requestAnimationFrame(() => this.follow());
  }

  sweep() {
    const { drag: { from, to, before }, grid } = this;
    const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
    const [top, bottom] = [Math.min(from.y, to.y), Math.max(from.y, to.y)];
    Object.assign(this.frame.style, {
      left: `${left}px`, top: `${top - grid.view.range.shift}px`, width: `${right - left}px`, height: `${bottom - top}px`,
    });
    grid.change(() => grid.selection.sweep(before, touched(grid.layout, { left, right, top, bottom })));
  }

  onUp() {
    if (this.drag?.begun) {
      this.frame.remove();
      this.swept = true;
    }
    this.drag = null;
  }
}

// Ranges of the tiles that a rectangle touches, a range a row.
export function touched(layout, { left, right, top, bottom }) {
  const ranges = [];
  for (let row = layout.rowAt(top); row <= layout.rowAt(bottom); row += 1) {
    if (layout.top(row) > bottom || layout.top(row) + layout.tall(row) < top) continue;
    const inside = layout.across(row).map(({ x, width }) => x <= right && x + width >= left);
    const first = inside.indexOf(true);
    if (first === -1) continue;
    ranges.push([layout.start(row) + first, layout.start(row) + inside.lastIndexOf(true) + 1]);
  }
  return ranges;
}
