// One tile: a photo with the faces that fit the filter marked, or the crop of a face.

const SVG = "http://www.w3.org/2000/svg";

export const EXPRESSIONS = ["surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"];
const STATES = { saving: "being saved", waiting: "kept until there is a connection", stuck: "not taken" };

const element = (name, className, parent) => {
  const made = document.createElement(name);
  made.className = className;
  parent?.append(made);
  return made;
};
const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const setSource = (image, source) => {
  if (source === "") image.removeAttribute("src");
  else if (image.getAttribute("src") !== source) image.src = source;
};

// `gallery` is what tiles are of: { order, selection, photo(position), crop(position), link(photo,
// position), picture(photo), erased, said(position) }; what a reviewer said of a face is undefined
// where nobody reviews.
export class Tiles {
  constructor(gallery) { this.gallery = gallery; }

  make() {
    const cell = element("div", "tile");
    cell.setAttribute("role", "gridcell");
    const link = element("a", "", cell);
    link.draggable = false;
    const image = element("img", "", link);
    // The name of the link says what it shows: an alternative text would be drawn while it loads.
    image.alt = "";
    image.draggable = false;
    image.decoding = "async";
    image.addEventListener("load", () => cell.classList.add("drawn"));
    element("span", "caption", link);
    element("span", "check", cell).setAttribute("aria-hidden", "true");
    return cell;
  }

  drop(cell) { setSource(cell.querySelector("img"), ""); }

  fill(cell, position) {
    const { order, selection } = this.gallery;
    cell.dataset.position = position;
    cell.ariaSelected = selection.has(position);
    const photo = this.gallery.photo(position);
    const link = cell.firstElementChild;
    if (photo?.id) link.href = this.gallery.link(photo, position);
    if (order.ofFaces) this.fillFace(cell, link, photo, position);
    else this.fillPhoto(cell, link, photo, position);
  }

  fillPhoto(cell, link, photo, position) {
    if (!photo) {
      link.ariaLabel = photo === null ? "Erased photo" : `Photo ${position + 1}, loading`;
      return;
    }
    const shown = photo.width > 0 && !this.gallery.erased;
    setSource(link.firstElementChild, shown ? this.gallery.picture(photo) : "");
    cell.classList.toggle("bare", !shown);
    cell.classList.toggle("failed", photo.status === "failed");
    const words = outcome(photo);
    setText(link.querySelector(".caption"), shown ? numberOf(photo) : `${photo.name}\n${words}`);
    link.ariaLabel = `${photo.name}: ${words}`;
    link.title = photo.name;
    this.mark(link, photo);
  }

  // Where the faces are that the filter asks for; also when it is not the first of the photo.
  mark(link, photo) {
    link.querySelector("svg")?.remove();
    const found = photo.faces.filter((face) => face[4]);
    if (found.length === 0 || photo.width === 0 || this.gallery.erased) return;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${photo.width} ${photo.height}`);
    svg.setAttribute("preserveAspectRatio", "xMidYMid slice");
    svg.setAttribute("aria-hidden", "true");
    for (const [, label, , , , x, y, width, height] of found) {
      const box = document.createElementNS(SVG, "rect");
      box.setAttribute("class", `frame e-${label}`);
      for (const [name, value] of Object.entries({ x, y, width, height })) box.setAttribute(name, value);
      svg.append(box);
    }
    link.append(svg);
  }

  fillFace(cell, link, photo, position) {
    const { order } = this.gallery;
    const number = order.faceIndex[position];
    const face = photo?.faces.find(([index]) => index === number);
    const label = face?.[1] || EXPRESSIONS[order.expression?.[position]] || "";
    const said = this.gallery.said(position);
    cell.className = `tile of-face e-${said?.answer ?? label}${face?.[3] ? " unsure" : ""}${cell.classList.contains("drawn") ? " drawn" : ""}`;
    cell.classList.toggle("reviewed", said === undefined && Boolean(order.reviewed?.[position]));
    cell.classList.toggle("voted", Boolean(said));
    cell.classList.toggle("differs", Boolean(said?.differs));
    if (said) cell.dataset.state = said.state;
    else delete cell.dataset.state;
    setSource(link.firstElementChild, this.gallery.crop(position) ?? "");
    const caption = link.querySelector(".caption");
    setText(caption, said?.words ?? label);
    if (face?.[2] && !said) caption.dataset.percent = face[2];
    else delete caption.dataset.percent;
    const of = photo ? ` of ${photo.name}` : "";
    const model = label ? `: ${label}${face?.[2] ? `, ${face[2]}` : ""}${face?.[3] ? ", uncertain" : ""}` : "";
    const own = said ? `; you say ${said.words}${said.state === "saved" ? "" : `, ${STATES[said.state]}`}` : "";
    link.ariaLabel = `Face ${number}${of}${model}${own}`;
    if (photo) link.title = said?.differs ? `${photo.name}, face ${number}: the model says ${label}` : `${photo.name}, face ${number}`;
  }
}

function numberOf({ faces }) {
  return faces.length === 0 ? "no face" : faces.length === 1 ? "1 face" : `${faces.length} faces`;
}

function outcome({ status, faces, cause }) {
  if (status === "failed") return `failed. ${cause}`;
  if (status === "no_face") return "no face found";
  if (status !== "succeeded") return status;
  const fit = faces.filter((face) => face[4]);
  const count = numberOf({ faces });
  return fit.length ? `${count}, ${fit.map(([, label, p]) => `${label} ${p}`).join(", ")} fits the filter` : count;
}
