// What photos are called: their path below the folder that was chosen, as the service keeps it.
// The same as services/api/filenames.py, which says why, and client/src/hfer/_names.py.

const LONGEST = 1_024;
const NEVER = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]|\p{Noncharacter_Code_Point}/u;
// Joiners of words and emoji, and the tags that spell the flags of Scotland, Wales and England.
const STAYS = /[\u200c\u200d\u{e0020}-\u{e007f}]/u;

export function cleanName(raw) {
  const parts = raw.replaceAll("\\", "/").split("/").map(cleanPart);
  const last = parts.pop();
  const leadsOut = parts[0] === "" || [...parts, last].includes("..") || parts.some((part) => /^[A-Za-z]:$/.test(part));
  const kept = leadsOut ? [] : parts.filter((part) => part !== "" && part !== ".");
  kept.push(["", ".", ".."].includes(last) ? "unnamed" : last);
  while ([...kept.join("/")].length > LONGEST) kept.shift();
  return kept.join("/");
}

const cleanPart = (part) =>
  [...[...part].filter((sign) => STAYS.test(sign) || !NEVER.test(sign)).join("").normalize("NFC").trim()]
    .slice(-LONGEST).join("").trim();

// In each folder its files, then its folders, all by code points: the order of the client.
export function byName(one, other) {
  const [first, second] = [one.split("/"), other.split("/")];
  for (let place = 0; ; place += 1) {
    const folders = (place < first.length - 1) - (place < second.length - 1);
    if (folders) return folders;
    const order = byCodePoints(first[place], second[place]);
    if (order || place === first.length - 1) return order;
  }
}

function byCodePoints(one, other) {
  const [first, second] = [[...one], [...other]];
  for (let place = 0; place < Math.min(first.length, second.length); place += 1) {
    const order = first[place].codePointAt(0) - second[place].codePointAt(0);
    if (order) return order;
  }
  return first.length - second.length;
}

// Names for paths as they were chosen. One folder chosen is what they lie below; of several, each
// begins with its own, so that cam1/a.jpg and cam2/a.jpg stay two photos.
export function namesOf(paths) {
  const top = paths[0]?.includes("/") ? `${paths[0].split("/", 1)[0]}/` : "";
  const shared = top && paths.every((path) => path.startsWith(top));
  return paths.map((path) => cleanName(shared ? path.slice(top.length) : path));
}
