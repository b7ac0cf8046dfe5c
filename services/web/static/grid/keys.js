// What a key means in the grid. Keys act only while the grid has the focus (WCAG 2.1.4).

const MOVES = new Map([
  ["ArrowLeft", "left"], ["ArrowRight", "right"], ["ArrowUp", "up"], ["ArrowDown", "down"],
  ["PageUp", "page-up"], ["PageDown", "page-down"], ["Home", "row-start"], ["End", "row-end"],
]);
const ENDS = new Map([["Home", "first"], ["End", "last"]]);

// The place of a digit on the keyboard, 0 to 9, or null. By place, as on French keyboards the
// digits of the upper row are typed with Shift; numpad digits count where it gives digits.
export function digitOf({ code, key }) {
  const found = /^(?:Digit|Numpad)(\d)$/.exec(code);
  if (found === null || (code.startsWith("Numpad") && key !== found[1])) return null;
  return Number(found[1]);
}

// { move, extend } goes on, { act } does something, null is none of the grid's keys.
export function actionOf(event) {
  if (event.isComposing || event.altKey) return null;
  const control = event.ctrlKey || event.metaKey;
  const move = (control ? ENDS : MOVES).get(event.key);
  if (move) return { move, extend: event.shiftKey };
  if (control) return event.code === "KeyA" && !event.shiftKey ? { act: "all" } : null;
  if (event.key === "Escape") return { act: "clear" };
  if (event.key === "?") return { act: "help" };
  if (event.code === "Space") return event.shiftKey ? { act: "extend" } : { act: "toggle" };
  return null;
}

// The position that a move leads to, in a layout of `count` tiles; `page` is a screen's height.
export function target(move, from, layout, page) {
  const count = layout.count;
  const row = layout.rowOf(from);
  const goals = {
    left: () => from - 1,
    right: () => from + 1,
    first: () => 0,
    last: () => count - 1,
    "row-start": () => layout.start(row),
    "row-end": () => layout.end(row) - 1,
    up: () => under(layout, from, row - 1),
    down: () => under(layout, from, row + 1),
    "page-up": () => under(layout, from, Math.min(row - 1, layout.rowAt(layout.top(row) - page))),
    "page-down": () => under(layout, from, Math.max(row + 1, layout.rowAt(layout.top(row) + page))),
  };
  return Math.max(0, Math.min(count - 1, goals[move]()));
}

// The tile of another row whose middle is nearest.
function under(layout, from, row) {
  const goal = Math.max(0, Math.min(layout.rows - 1, row));
  const own = layout.rowOf(from);
  if (goal === own) return from;
  const tile = layout.across(own)[from - layout.start(own)];
  const middle = tile.x + tile.width / 2;
  const away = layout.across(goal).map(({ x, width }) => Math.abs(x + width / 2 - middle));
  return layout.start(goal) + away.indexOf(Math.min(...away));
}
