// A box on the photo and its row below light up together, under the pointer and the keyboard.
// Listeners sit on the document: the gallery is replaced while a job runs.

const mark = (key, on) => {
  for (const element of document.querySelectorAll(`[data-face="${CSS.escape(key)}"]`)) {
    element.classList.toggle("lit", on);
  }
};

const keyOf = (event) => event.target.closest?.("[data-face]")?.dataset.face;

for (const [start, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(start, (event) => { const key = keyOf(event); if (key) mark(key, true); });
  document.addEventListener(end, (event) => { const key = keyOf(event); if (key) mark(key, false); });
}

// Arrow keys go from box to box of one photo, Home and End to its first and last.
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("a.box");
  if (!box || event.altKey || event.ctrlKey || event.metaKey) return;
  const boxes = [...box.closest("svg").querySelectorAll("a.box")];
  const here = boxes.indexOf(box);
  const goals = {
    ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1,
    Home: 0, End: boxes.length - 1,
  };
  const goal = boxes[goals[event.key]];
  if (!goal) return;
  event.preventDefault();
  goal.focus();
});
