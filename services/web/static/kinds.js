// What a file is, by its first bytes, as the client: client/src/hfer/_kinds.py.

export const HEAD_BYTES = 512;

const RAW_NAME = /\.(3fr|arw|cr[23w]|dng|erf|iiq|kdc|mrw|nef|nrw|orf|pef|raf|rw[2l]|sr[2fw]|x3f)$/i;
const ARCHIVE_NAME = /\.(zip|tar|tgz|gz|bz2|xz|7z|rar)$/i;
const RAW = "camera raw";

// Bytes as text, one sign a byte: [where, what is there, what it is]. The first that fits counts.
const MAGIC = [
  [8, "CR\x02", RAW], [4, "ftypcrx ", RAW], [0, "II\x1a\0\0\0HEAPCCDR", RAW], [0, "IIRO", RAW], [0, "IIRS", RAW],
  [0, "MMOR", RAW], [0, "IIU\0", RAW], [0, "FUJIFILMCCD-RAW", RAW], [0, "FOVb", RAW], [0, "\0MRM", RAW],
  [0, "\xff\xd8\xff", "JPEG"], [0, "\x89PNG\r\n\x1a\n", "PNG"],
  [0, "II*\0", "TIFF"], [0, "MM\0*", "TIFF"], [0, "II+\0", "TIFF"], [0, "MM\0+", "TIFF"],
  [0, "GIF87a", "GIF"], [0, "GIF89a", "GIF"], [0, "\0\0\0\x0cjP  \r\n\x87\n", "JP2"], [0, "\xff\x4f\xff\x51", "JP2"],
  [0, "\xff\x0a", "JPEG XL"], [0, "\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"], [0, "II\xbc", "JPEG XR"], [0, "8BPS", "Photoshop"],
  [0, "PK\x03\x04", "archive"], [0, "PK\x05\x06", "archive"], [257, "ustar", "archive"], [0, "\x1f\x8b", "archive"],
  [0, "BZh", "archive"], [0, "\xfd7zXZ\0", "archive"], [0, "7z\xbc\xaf'\x1c", "archive"], [0, "Rar!\x1a\x07", "archive"],
];
const HEIC = /^(hei[cxms]|hev[cxms])$/;
const AVIF = /^avi[fs]$/;

// A format as the service names them, another kind, or "" for what shows nothing.
export function kindOf(name, bytes) {
  const head = String.fromCharCode(...bytes);
  const found = sniffed(head);
  if (found === "TIFF" && RAW_NAME.test(name)) return RAW;
  // Documents of offices are zips as well.
  return found === "archive" && !ARCHIVE_NAME.test(name) ? "" : found;
}

export async function readKind(file) {
  return kindOf(file.name, new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
}

function sniffed(head) {
  if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return "WEBP";
  // A text may begin with BM; the four bytes are zero in every BMP.
  if (head.startsWith("BM") && head.startsWith("\0\0\0\0", 6)) return "BMP";
  const known = MAGIC.find(([at, magic]) => head.startsWith(magic, at));
  if (known) return known[2];
  return head.startsWith("ftyp", 4) ? branded(head) : "";
}

function branded(head) {
  const size = [...head.slice(0, 4)].reduce((sum, sign) => sum * 256 + sign.charCodeAt(0), 0);
  const box = head.slice(0, size);
  const [major, ...others] = [box.slice(8, 12), ...(box.slice(16).match(/.{1,4}/gs) ?? [])];
  if (AVIF.test(major)) return "AVIF";
  if (/^(mif1|msf1|mif2)$/.test(major)) return others.some((brand) => AVIF.test(brand)) ? "AVIF" : "HEIC";
  return HEIC.test(major) ? "HEIC" : "";
}
