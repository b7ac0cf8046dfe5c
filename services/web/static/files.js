// The photos that were chosen: what is taken, what is refused and why, in the order given.

// As the client, client/src/hfer/_kinds.py.
const PHOTO = /\.(avif|bmp|gif|hei[cf]|hif|j2k|jfif|jp[2efgx]|jpeg|png|tiff?|webp)$/i;
const ARCHIVE = /\.(zip|tar|tgz|tar\.(gz|bz2|xz))$/i;
const BLOCK = 1 << 20;
const AT_ONCE = 64;

// What is known of files beside themselves: the path of one that was dropped, and its kind.
const paths = new WeakMap();
const kinds = new WeakMap();

export const pathOf = (file) => paths.get(file) || file.webkitRelativePath || file.name;

export const isArchive = (file) => (kinds.has(file) ? kinds.get(file) === "archive" : ARCHIVE.test(file.name));

// Look at the first bytes of files, by `readKind`; what cannot be read is left to be told by name.
export async function judge(files, readKind) {
  const look = async (file) => kinds.set(file, await readKind(file).catch(() => "unreadable"));
  for (let at = 0; at < files.length; at += AT_ONCE) await Promise.all(files.slice(at, at + AT_ONCE).map(look));
}

export const megabytes = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

export const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

const keyOf = (file) => `${pathOf(file)}/${file.size}/${file.lastModified}`;

export class Chosen {
  constructor(limits) {
    this.limits = limits;
    this.files = [];
  }

  get bytes() { return this.files.reduce((sum, file) => sum + file.size, 0); }

  get hasArchive() { return this.files.some(isArchive); }

  // Files whose path, size, time and bytes are those of one chosen before: the same file again.
  async known(files) {
    const [alike, same] = [new Map(), new Set()];
    for (const file of this.files) alike.set(keyOf(file), [...(alike.get(keyOf(file)) ?? []), file]);
    for (const file of files) {
      const others = alike.get(keyOf(file)) ?? [];
      for (const other of others) if (!same.has(file) && await sameBytes(file, other)) same.add(file);
      alike.set(keyOf(file), [...others, file]);
    }
    return same;
  }

  // Add files; the sentences returned say which ones were left out.
  add(files, known = new Set()) {
    const refused = new Map();
    for (const file of files) {
      const why = known.has(file) ? "chosen already" : this.#fault(file);
      if (why) refused.set(why, [...(refused.get(why) ?? []), file.name]);
      else this.files.push(file);
    }
    return [...refused].map(([why, names]) => {
      const shown = names.slice(0, 3).join(", ");
      const rest = names.length > 3 ? ` and ${plural(names.length - 3, "other")}` : "";
      return `Left out, ${why}: ${shown}${rest}.`;
    });
  }

  #fault(file) {
    const kind = kinds.get(file);
    if (kind === "unreadable") return "cannot be read";
    if (file.name.startsWith(".") || (!kind && !PHOTO.test(file.name) && !isArchive(file))) return "no photo that can be read";
    if (isArchive(file)) {
      if (!this.limits.archives) return "no photo that can be read";
      if (pathOf(file).includes("/")) return "an archive, which is opened if you choose it itself";
    } else {
      if (kind && this.limits.formats && !this.limits.formats.includes(kind)) return `${kind}, which is not read here`;
      if (file.size > this.limits.photoBytes) return `larger than ${megabytes(this.limits.photoBytes)}`;
    }
    if (!file.size) return "empty";
    return this.files.length >= this.limits.jobPhotos ? "more than a job takes" : "";
  }

  remove(file) { this.files = this.files.filter((other) => other !== file); }

  clear() { this.files = []; }
}

async function sameBytes(one, other) {
  for (let at = 0; at < one.size; at += BLOCK) {
    const [first, second] = await Promise.all([one, other].map((file) => file.slice(at, at + BLOCK).arrayBuffer()));
    const bytes = new Uint8Array(second);
    if (new Uint8Array(first).some((byte, place) => byte !== bytes[place])) return false;
  }
  return true;
}

// Files of a drop, with those in folders, as deep as they go, and how many could not be read.
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return { files: [...transfer.files], unread: 0 };
  const found = { files: [], unread: 0 };
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  try {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => { entry.file(done, failed); });
      paths.set(file, entry.fullPath.replace(/^\//, ""));
      found.files.push(file);
      return;
    }
    const reader = entry.createReader();
    // A folder is read in pieces of 100; an empty piece is its end.
    for (;;) {
      const some = await new Promise((done, failed) => { reader.readEntries(done, failed); });
      if (!some.length) return;
      for (const inner of some) await walk(inner, found);
    }
  } catch {
    found.unread += 1;
  }
}
