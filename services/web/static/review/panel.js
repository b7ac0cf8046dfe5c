// What is shown of the focused face beside the grid: a larger cut, the model's answer, the note.

const SVG = "http://www.w3.org/2000/svg";
// A larger picture is fetched once the focus rests.
const REST_MS = 300;
const AROUND = 0.45;

const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };

export class Panel {
  // `large(photo)` gives the address of a picture, `noted(text)` hears what was written.
  constructor(box, { large, noted }) {
    Object.assign(this, { box, large });
    this.link = box.querySelector("#review-photo");
    this.note = box.querySelector("#review-note");
    this.note.addEventListener("change", () => noted(this.note.value.trim()));
    this.shown = null;
    this.resting = 0;
  }

  // `face` is { key, number, crop, photo, box, likely, vote, link }; what is not known yet is null.
  show(face) {
    const other = this.shown?.key !== face.key;
    if (other) this.note.value = "";
    if (other || !this.shown.vote) {
      if (document.activeElement !== this.note) this.note.value = face.vote?.note ?? this.note.value;
    }
    setText(this.box.querySelector("#review-name"), face.photo ? `${face.photo.name}, face ${face.number}` : `face ${face.number}`);
    if (face.link) this.link.href = face.link;
    else this.link.removeAttribute("href");
    for (const button of this.box.querySelectorAll("[data-say]")) {
      button.ariaPressed = String(button.dataset.say === (face.vote?.answer ?? ""));
      const bar = button.querySelector(".fill");
      const at = Number(button.dataset.at);
      bar?.setAttribute("width", face.likely ? `${face.likely[at] / 10}%` : "0");
      const percent = button.querySelector(".value");
      if (percent) setText(percent, face.likely ? `${Math.round(face.likely[at] / 10)} %` : "");
    }
    this.picture(face, other);
    this.shown = face;
  }

  picture(face, other) {
    const image = this.link.querySelector("img");
    if (face.crop) image.src = face.crop;
    else if (other) image.removeAttribute("src");
    if (!other && this.link.querySelector("svg")) return;
    this.link.querySelector("svg")?.remove();
    clearTimeout(this.resting);
    if (face.photo && face.box) this.resting = setTimeout(() => this.enlarge(face), REST_MS);
  }

  // The face in the photo itself, which has more pixels than its crop.
  enlarge({ photo, box: [x, y, width, height] }) {
    const address = this.large(photo);
    if (!address || photo.width === 0) return;
    const side = Math.min(Math.max(width, height) * (1 + 2 * AROUND), photo.width, photo.height);
    const left = Math.max(0, Math.min(x + width / 2 - side / 2, photo.width - side));
    const top = Math.max(0, Math.min(y + height / 2 - side / 2, photo.height - side));
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `${left} ${top} ${side} ${side}`);
    svg.setAttribute("aria-hidden", "true");
    const image = document.createElementNS(SVG, "image");
    for (const [name, value] of Object.entries({ href: address, width: photo.width, height: photo.height })) image.setAttribute(name, value);
    svg.append(image);
    this.link.append(svg);
  }
}
