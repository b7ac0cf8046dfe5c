// Equal tiles: a row and a column follow from a position by division, so no table is needed.

// A layout of `count` tiles into rows; all lengths are CSS pixels. Layouts have the same members:
// rows, height, rowAt(y), rowOf(position), top(row), tall(row), start(row), end(row) and
// across(row), which gives the left edge and width of each tile of a row.
export class EqualTiles {
  constructor(count, { width, size, gap }) {
    this.count = count;
    this.gap = gap;
    this.columns = Math.max(1, Math.floor((width + gap) / (size + gap)));
    this.side = (width - gap * (this.columns - 1)) / this.columns;
    this.rows = Math.ceil(count / this.columns);
    this.height = Math.max(0, this.rows * (this.side + gap) - gap);
  }

  rowAt(y) { return Math.max(0, Math.min(this.rows - 1, Math.floor(y / (this.side + this.gap)))); }
  rowOf(position) { return Math.floor(position / this.columns); }
  top(row) { return row * (this.side + this.gap); }
  tall() { return this.side; }
  start(row) { return row * this.columns; }
  end(row) { return Math.min(this.count, (row + 1) * this.columns); }

  across(row) {
    const tiles = [];
    for (let column = 0; column < this.end(row) - this.start(row); column += 1) {
      tiles.push({ x: column * (this.side + this.gap), width: this.side });
    }
    return tiles;
  }
}
