// A scroll range that browsers can hold. Chromium ends a box at 33,554,432 device pixels, which on
// a phone are 11 million of ours; 100,000 photos of nine faces take 38 million.

export const MOST = 10_000_000;
const SCALED = 8_000_000;

// Translates where a box is scrolled to (`place`) into what it shows (`view`), both in pixels from
// the top. Wheel and keys move by pixels also where the range is scaled: a step shorter than a
// screen moves both alike, a longer one (the scroll bar) jumps, and the ends are always the ends.
export class ScrollRange {
  constructor(height = 0, screen = 0) {
    this.place = 0;
    this.view = 0;
    this.resize(height, screen);
  }

  resize(height, screen) {
    this.screen = screen;
    this.most = Math.max(0, height - screen);
    this.box = height > MOST ? SCALED : height;
    this.farthest = Math.max(0, this.box - screen);
    this.view = Math.min(this.view, this.most);
    this.place = this.placeOf(this.view);
  }

  get scaled() { return this.farthest < this.most; }
  get shift() { return this.view - this.place; }

  placeOf(view) { return this.scaled ? (view / this.most) * this.farthest : view; }

  // The box was scrolled to `place`.
  scrolled(place) {
    const step = place - this.place;
    this.place = Math.max(0, Math.min(this.farthest, place));
    if (!this.scaled) this.view = this.place;
    else if (this.place <= 0) this.view = 0;
    else if (this.place >= this.farthest) this.view = this.most;
    else if (Math.abs(step) < this.screen) this.view = this.clamped(this.view + step);
    else this.view = (this.place / this.farthest) * this.most;
  }

  // Show what lies at `view`; gives the place to scroll the box to.
  show(view) {
    this.view = this.clamped(view);
    this.place = this.placeOf(this.view);
    return this.place;
  }

  clamped(view) { return Math.max(0, Math.min(this.most, view)); }
}
