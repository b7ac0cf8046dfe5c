// A reviewer's own votes: what the service has, and over it what was said here and is on its way.

const FACES_A_PHOTO = 2 ** 15;
export const STUCK = "stuck";
const WITHDRAWN = "withdrawn";
export const keyOf = (index, face) => index * FACES_A_PHOTO + face;

export class Votes {
  constructor() { this.clear(); }

  clear() {
    this.kept = new Map(); // key: { answer, version, note, act }; `act` is what is on its way
    this.photos = new Set(); // of which all votes are known
  }

  // Votes on photos, as the service had them: [photo, face, answer, version, note, …].
  arrived(photos, votes) {
    for (const index of photos) this.photos.add(index);
    for (const vote of votes) this.take(vote);
  }

  take([index, face, answer, version, note], act = null) {
    const key = keyOf(index, face);
    const known = this.kept.get(key);
    const own = known?.act != null && known.act !== act;
    // Said here since: that stays what is shown, with the version that was heard of.
    if (own) known.version = Math.max(known.version ?? 0, version);
    else if (!known || act !== null || version >= (known.version ?? 0)) this.kept.set(key, { answer, version, note, act: null });
  }

  // What was known of a face before, so that it can be shown again.
  say(key, answer, note, act) {
    const before = this.kept.get(key);
    this.kept.set(key, { answer, version: before?.version ?? (this.photos.has(Math.floor(key / FACES_A_PHOTO)) ? 0 : null), note, act });
    return before ?? null;
  }

  back(key, before, act) {
    const known = this.kept.get(key);
    this.kept.set(key, { answer: WITHDRAWN, note: null, ...before, version: known?.version ?? null, act });
  }

  // The service answered: faces of the act that it says nothing of have no vote.
  answered(act, votes) {
    for (const vote of votes) this.take(vote, act);
    for (const [key, vote] of this.kept) if (vote.act === act) this.kept.set(key, { ...vote, act: null });
  }

  // Refused, and up to a person; then let go for what is there, or sent again.
  refused(votes) { this.mark(votes, STUCK); }
  again(votes, act) { this.mark(votes, act); }

  mark(votes, act) {
    for (const [index, face] of votes) {
      const vote = this.kept.get(keyOf(index, face));
      if (vote) vote.act = act;
    }
  }

  letGo(votes, current) {
    for (const [index, face] of votes) {
      this.kept.delete(keyOf(index, face));
      this.photos.delete(index);
    }
    for (const vote of current) this.take(vote);
  }

  get(key) {
    const vote = this.kept.get(key);
    return vote && vote.answer !== WITHDRAWN ? vote : null;
  }

  version(key) {
    const known = this.kept.get(key);
    return known ? known.version : this.photos.has(Math.floor(key / FACES_A_PHOTO)) ? 0 : null;
  }

  // Whether it is known if there is a vote.
  knows(key) { return this.kept.has(key) || this.photos.has(Math.floor(key / FACES_A_PHOTO)); }
}
