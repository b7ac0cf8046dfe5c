// What a key means while faces are reviewed, by its place on the keyboard: layouts differ.

import { digitOf } from "../grid/keys.js";
import { EXPRESSIONS } from "../grid/tile.js";

const WITHDRAWN = "withdrawn";
// By digit, 0 to 9.
export const ANSWERS = [WITHDRAWN, ...EXPRESSIONS, "not_a_face", "cannot_tell"];

// What a vote is called.
export const wordsOf = (answer) => answer.replaceAll("_", " ");

// { say }, { act } or null.
export function reviewOf(event) {
  if (event.isComposing || event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return event.code === "KeyZ" && !event.shiftKey ? { act: "undo" } : null;
  const digit = digitOf(event);
  if (digit !== null) return { say: ANSWERS[digit] };
  const act = { KeyC: "confirm", KeyZ: "undo", KeyN: "next" }[event.code];
  return act ? { act } : null;
}
