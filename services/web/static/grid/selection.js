// What is selected: ranges of positions in the order, kept apart from the page's elements. So "all
// 900,000" are one range, and a selection survives scrolling.

export class Selection {
  constructor() {
    this.ranges = []; // [start, end) sorted, apart from each other
    this.anchor = 0; // where a range with Shift begins; it stays when its tile is deselected
    this.swept = null; // what the last range with Shift covered, and what was there before
  }

  get size() { return this.ranges.reduce((sum, [start, end]) => sum + end - start, 0); }

  has(position) {
    let [low, high] = [0, this.ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [start, end] = this.ranges[middle];
      if (position < start) high = middle - 1;
      else if (position >= end) low = middle + 1;
      else return true;
    }
    return false;
  }

  add(start, end) {
    if (start >= end) return;
    const apart = [];
    for (const range of this.ranges) {
      if (range[1] < start || range[0] > end) apart.push(range);
      else [start, end] = [Math.min(start, range[0]), Math.max(end, range[1])];
    }
    apart.push([start, end]);
    this.ranges = apart.sort((one, other) => one[0] - other[0]);
  }

  remove(start, end) {
    this.ranges = this.ranges.flatMap(([from, to]) => (
      [[from, Math.min(to, start)], [Math.max(from, end), to]].filter(([a, b]) => a < b)
    ));
  }

  toggle(position) {
    if (this.has(position)) this.remove(position, position + 1);
    else this.add(position, position + 1);
    this.anchor = position;
    this.swept = null;
  }

  // From the anchor to `position`; a range that is drawn further or back replaces the one before.
  extend(position) {
    this.swept ??= { before: this.ranges };
    this.ranges = this.swept.before;
    this.add(Math.min(this.anchor, position), Math.max(this.anchor, position) + 1);
  }

  // A marquee: these ranges, beside what was selected when it began.
  sweep(before, ranges) {
    this.ranges = before;
    for (const [start, end] of ranges) this.add(start, end);
    this.swept = null;
  }

  clear() { this.ranges = []; this.swept = null; }

  *positions() {
    for (const [start, end] of this.ranges) for (let at = start; at < end; at += 1) yield at;
  }

  // The same photos or faces in another order; what is not in it any more is let go.
  moved(before, after) {
    const kept = new Selection();
    if (this.ranges.length === 0) return kept;
    const keys = new Set();
    for (const position of this.positions()) keys.add(before.key(position));
    for (let position = 0; position < after.count; position += 1) {
      if (keys.has(after.key(position))) kept.append(position);
    }
    return kept;
  }

  append(position) {
    const last = this.ranges.at(-1);
    if (last?.[1] === position) last[1] += 1;
    else this.ranges.push([position, position + 1]);
  }
}

// What is selected as the API's `only` names it, in the order sent: runs of photos as "3-9,12",
// faces as photo and number, "17.0,17.2".
export function selectionOf(selection, order) {
  const keys = Array.from(selection.positions(), (position) => [order.index[position], order.faceIndex?.[position]]);
  keys.sort(([photo, face], [other, second]) => photo - other || face - second);
  if (order.ofFaces) return keys.map((key) => key.join(".")).join(",");
  const runs = [];
  for (const [photo] of keys) {
    const last = runs.at(-1);
    if (last && photo === last[1] + 1) last[1] = photo;
    else runs.push([photo, photo]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(",");
}
