// Justified rows: photos keep their shapes, and each row is stretched to the whole width.

// A panorama must not take a row to itself at a third of its height, nor a strip be a needle.
const [NARROWEST, WIDEST] = [0.4, 3];
const UNKNOWN = 1;

// `ratios` are hundredths of width / height, 0 where unknown. It is laid out by calls of advance(),
// so that 100,000 photos are no long task; what is not laid out yet is not part of `rows`.
export class JustifiedRows {
  constructor(ratios, { width, size, gap }) {
    this.ratios = ratios;
    this.count = ratios.length;
    Object.assign(this, { width, size, gap });
    this.rows = 0;
    this.height = 0;
    this.starts = new Uint32Array(Math.min(this.count, 1024) + 1);
    this.tops = new Float64Array(Math.min(this.count, 1024) + 1);
    this.laid = 0;
  }

  shape(position) {
    const ratio = this.ratios[position] / 100;
    return ratio > 0 ? Math.min(WIDEST, Math.max(NARROWEST, ratio)) : UNKNOWN;
  }

  // Lay out at least `most` further photos, to the end of a row; whether all are laid out.
  advance(most) {
    const goal = Math.min(this.count, this.laid + most);
    while (this.laid < goal) this.addRow();
    return this.laid === this.count;
  }

  addRow() {
    const start = this.laid;
    let [end, shapes] = [start, 0];
    while (end < this.count && this.tallOf(shapes, end - start) > this.size) {
      shapes += this.shape(end);
      end += 1;
    }
    let tall = this.tallOf(shapes, end - start);
    if (tall > this.size) {
      tall = this.size; // the last row is not stretched
    } else if (end - start > 1) {
      // With or without the photo that went over the width: what is nearer to the height asked for.
      const before = this.tallOf(shapes - this.shape(end - 1), end - start - 1);
      if (before / this.size < this.size / tall) [end, tall] = [end - 1, before];
    }
    this.add(start, end, tall);
  }

  tallOf(shapes, tiles) {
    return shapes === 0 ? Infinity : (this.width - this.gap * (tiles - 1)) / shapes;
  }

  add(start, end, tall) {
    if (this.rows + 1 >= this.starts.length) {
      this.starts = grown(this.starts);
      this.tops = grown(this.tops);
    }
    const top = this.tops[this.rows];
    this.starts[this.rows] = start;
    this.rows += 1;
    this.starts[this.rows] = end;
    this.tops[this.rows] = top + tall + this.gap;
    this.height = top + tall;
    this.laid = end;
  }

  rowAt(y) { return last(this.tops, this.rows, y); }
  rowOf(position) { return last(this.starts, this.rows, position); }
  top(row) { return this.tops[row]; }
  tall(row) { return this.tops[row + 1] - this.tops[row] - this.gap; }
  start(row) { return this.starts[row]; }
  end(row) { return this.starts[row + 1]; }

  across(row) {
    const tiles = [];
    let x = 0;
    for (let position = this.start(row); position < this.end(row); position += 1) {
      const width = Math.min(this.width - x, this.shape(position) * this.tall(row));
      tiles.push({ x, width });
      x += width + this.gap;
    }
    return tiles;
  }
}

function grown(array) {
  const longer = new array.constructor(array.length * 2);
  longer.set(array);
  return longer;
}

// The last of `count` sorted entries that is at most `value`; the first where none is.
function last(sorted, count, value) {
  let [low, high] = [0, count - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
