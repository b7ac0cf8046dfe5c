// The photos that were chosen: what is taken, what is refused and why, in the order given.

// As the client, client/src/hfer/_photos.py.
const PHOTO = /\.(avif|bmp|gif|hei[cf]|hif|j2k|jfif|jp[2efgx]|jpeg|png|tiff?|webp)$/i;
const ARCHIVE = /\.(zip|tar|tgz|tar\.(gz|bz2|xz))$/i;

export const isArchive = (file) => ARCHIVE.test(file.name);

export const megabytes = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

export const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

export class Chosen {
  constructor(limits) {
    this.limits = limits;
    this.files = [];
    this.keys = new Set();
  }

  get bytes() { return this.files.reduce((sum, file) => sum + file.size, 0); }

  get hasArchive() { return this.files.some(isArchive); }

  // Add files; the sentences returned say which ones were left out.
  add(files) {
    const refused = new Map();
    const refuse = (file, why) => refused.set(why, [...(refused.get(why) ?? []), file.name]);
    for (const file of files) {
      const key = `${file.name}/${file.size}/${file.lastModified}`;
      if (file.name.startsWith(".") || this.keys.has(key)) continue;
      const archive = this.limits.archives && isArchive(file);
      if (!archive && !PHOTO.test(file.name)) refuse(file, "no photo that can be read");
      else if (!file.size) refuse(file, "empty");
      else if (!archive && file.size > this.limits.photoBytes) {
        refuse(file, `larger than ${megabytes(this.limits.photoBytes)}`);
      } else if (this.files.length >= this.limits.jobPhotos) {
        refuse(file, "more than a job takes");
      } else {
        this.keys.add(key);
        this.files.push(file);
      }
    }
    return [...refused].map(([why, names]) => {
      const shown = names.slice(0, 3).join(", ");
      const rest = names.length > 3 ? ` and ${plural(names.length - 3, "other")}` : "";
      return `Left out, ${why}: ${shown}${rest}.`;
    });
  }

  remove(file) {
    this.files = this.files.filter((other) => other !== file);
    this.keys.delete(`${file.name}/${file.size}/${file.lastModified}`);
  }

  clear() {
    this.files = [];
    this.keys.clear();
  }
}

// Files of a drop, with those in folders, as deep as they go.
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}

async function walk(entry, files) {
  if (entry.isFile) {
    files.push(await new Promise((done, failed) => { entry.file(done, failed); }));
    return;
  }
  const reader = entry.createReader();
  // A folder is read in pieces of 100; an empty piece is its end.
  for (;;) {
    const some = await new Promise((done, failed) => { reader.readEntries(done, failed); });
    if (!some.length) return;
    for (const inner of some) await walk(inner, files);
  }
}
