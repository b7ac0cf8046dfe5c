// The form on the start page: choose, drop, photograph, look again, send.

import { offerCamera } from "./camera.js";
import { Chosen, droppedFiles, isArchive, judge, megabytes, pathOf, plural } from "./files.js";
import { readKind } from "./kinds.js";
import { byName, cleanName } from "./names.js";
import { send, SendError } from "./send.js";

// Each thumbnail is a whole photo decoded: more of them make a phone stutter.
const THUMBS = 24;

const by = (id) => document.getElementById(id);
const form = by("upload");
const data = form.dataset;
const chosen = new Chosen({
  photoBytes: Number(data.photoBytes),
  requestFiles: Number(data.requestFiles),
  requestBytes: Number(data.requestBytes),
  jobPhotos: Number(data.jobPhotos),
  batchBytes: Number(data.batchBytes),
  batchFiles: Number(data.batchFiles),
  archives: Boolean(data.archives),
  formats: data.formats.split(","),
});
let addresses = [];

function complain(sentences) {
  by("trouble").textContent = sentences.join(" ");
  by("trouble").hidden = !sentences.length;
}

function draw() {
  const { files } = chosen;
  by("chosen").hidden = !files.length;
  by("send").disabled = !files.length;
  by("chosen-words").textContent = `${plural(files.length, chosen.hasArchive ? "file" : "photo")}, ${megabytes(chosen.bytes)}`;
  for (const address of addresses) URL.revokeObjectURL(address);
  addresses = [];
  by("thumbs").replaceChildren(...files.slice(0, THUMBS).map(thumb));
  const rest = files.length - THUMBS;
  by("others").hidden = rest <= 0;
  by("others").textContent = rest > 0 ? `and ${plural(rest, "other")}` : "";
}

function thumb(file) {
  const item = document.createElement("li");
  if (isArchive(file)) {
    item.className = "archive";
    item.append(file.name);
  } else {
    const address = URL.createObjectURL(file);
    addresses.push(address);
    const picture = document.createElement("img");
    Object.assign(picture, { src: address, alt: pathOf(file), loading: "lazy", decoding: "async" });
    item.append(picture);
  }
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${pathOf(file)}`);
  remove.addEventListener("click", () => {
    chosen.remove(file);
    draw();
    (by("thumbs").querySelector("button") ?? by("files")).focus();
  });
  item.append(remove);
  return item;
}

// One choice after the other, and all of them before anything is sent.
let taking = Promise.resolve();
function take(files, more) {
  taking = taking.then(() => look(files, more));
  return taking;
}

async function look(files, { unread = 0 } = {}) {
  // Browsers list folders as the disk does; the client sorts them.
  const sorted = files.some((file) => pathOf(file).includes("/"))
    ? files.map((file) => [cleanName(pathOf(file)), file]).sort(([one], [other]) => byName(one, other)).map(([, file]) => file)
    : files;
  await judge(sorted, readKind);
  const told = chosen.add(sorted, await chosen.known(sorted));
  if (unread) told.push(`Left out, ${plural(unread, "file")} or folder${unread === 1 ? "" : "s"} that cannot be read.`);
  complain(told);
  draw();
}

by("files").required = false;
by("send").disabled = true;
by("files").addEventListener("change", () => {
  take([...by("files").files]);
  by("files").value = "";
});
const folder = by("folder");
by("folder-choice").hidden = !("webkitdirectory" in folder);
folder.addEventListener("change", () => {
  take([...folder.files]);
  folder.value = "";
});
by("clear").addEventListener("click", () => { chosen.clear(); complain([]); draw(); by("files").focus(); });

const drop = by("drop");
const hover = (on) => drop.classList.toggle("over", on);
addEventListener("dragover", (event) => { event.preventDefault(); hover(true); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) hover(false); });
addEventListener("drop", async (event) => {
  event.preventDefault();
  hover(false);
  if (sending) return;
  const { files, unread } = await droppedFiles(event.dataTransfer);
  await take(files, { unread });
});
addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) take([...event.clipboardData.files]);
});
offerCamera({ onPhoto: (file) => take([file]), onTrouble: (words) => complain([words]) });

let sending = null;

function progress(total) {
  const started = performance.now();
  let spoken = 0;
  return (sent) => {
    const seconds = (performance.now() - started) / 1000;
    const pace = sent / Math.max(seconds, 0.1);
    const left = pace > 0 ? Math.ceil((total - sent) / pace) : 0;
    const ahead = seconds > 2 && left > 2 ? `, about ${left < 90 ? plural(left, "second") : plural(Math.round(left / 60), "minute")} left` : "";
    const words = sent < total ? `${megabytes(sent)} of ${megabytes(total)} sent${ahead}` : "All sent, storing …";
    by("sending-line").textContent = words;
    by("sending-bar").value = total ? sent / total : 1;
    if (Math.floor((sent / total) * 4) > spoken) {
      spoken = Math.floor((sent / total) * 4);
      by("sending-said").textContent = words;
    }
  };
}

function showSending(on) {
  by("sending").hidden = !on;
  by("stop").hidden = !on;
  by("send").hidden = on;
  by("drop").inert = on;
  by("chosen").inert = on;
  by("whole").disabled = on;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await taking;
  if (sending || !chosen.files.length) return;
  sending = new AbortController();
  complain([]);
  showSending(true);
  by("stop").focus();
  const onProgress = progress(chosen.bytes);
  onProgress(0);
  try {
    const address = await send(chosen, {
      name: by("name").value.trim(),
      whole: by("whole").checked,
      signal: sending.signal,
      onProgress,
      onPause: (problem) => { by("sending-line").textContent = `${problem.message} Trying again …`; },
    });
    sending = null;
    location.assign(address);
  } catch (error) {
    sending = null;
    showSending(false);
    by("send").focus();
    if (error.name === "AbortError") complain(["Stopped. Nothing was submitted; your choice is still here."]);
    else if (error instanceof SendError) complain([error.message, "Nothing was submitted; your choice is still here."]);
    else throw error;
  }
});
by("stop").addEventListener("click", () => sending?.abort());
addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
