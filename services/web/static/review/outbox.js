// The queue of what was said: written down first, sent in its order, again until it was answered.

const PIECE = 1000;
const [RETRY_MS, LONGEST_MS] = [1000, 30_000];
const KEPT_ACTS = 50;
// Refusals that pass by themselves.
const PASSING = new Set([401, 408, 425, 429]);

export class Refusal extends Error {
  constructor(status, { code = "", detail = "", places = [], current = [] }) {
    super(detail || `The page answered ${status}.`);
    Object.assign(this, { status, code, places, current });
  }

  // A key that may not review does not learn it by waiting.
  get passes() { return PASSING.has(this.status) || (this.status >= 500 && this.code !== "insufficient-scope"); }
}

// One tab sends at a time: another would send the same once more. Only what came by TLS, or from
// this machine, has locks; the service takes the same answer once.
const alone = (act) => navigator.locks?.request("hfer-reviews", act) ?? act();

// A face among those of an entry: votes are [photo, face, answer, version, note].
const isOf = ([index, face]) => ([other, one]) => index === other && face === one;

const wordOf = ({ job, reviewer }, [index, face]) => `${job}/${index}/${face}/${reviewer}`;

// `send(entry)` and `undo(entry, change)` give { votes } and `latest(entry)` a list of changes, or
// throw a Refusal or whatever else a silent network throws. `heard` are called back, here and in
// other tabs: answered(entry, votes), stuck(entry), waits(error or null), counted(entries).
export class Outbox {
  constructor(database, { send, undo, latest, heard }) {
    Object.assign(this, { database, send, undo, latest, heard, failures: 0, timer: 0 });
    this.counted = [];
    this.writing = [];
    this.words = new Map(); // versions that answers of this tab told
    this.running = null;
    this.again = false;
    this.channel = new BroadcastChannel("hfer-reviews");
    this.channel.onmessage = ({ data: [name, ...what] }) => this.heard[name](...what);
    addEventListener("online", () => this.start());
  }

  tell(name, ...what) {
    this.heard[name](...what);
    this.channel.postMessage([name, ...what]);
  }

  // Write an act down and send it; votes of more than a request come in pieces, undone as one.
  async say(act, votes) {
    const entries = [];
    for (let at = 0; at < votes.length; at += PIECE) {
      entries.push({ ...act, votes: votes.slice(at, at + PIECE), pieces: Math.ceil(votes.length / PIECE) });
    }
    await this.add(entries);
  }

  takeBack(act) { return this.add([{ ...act, undo: true, changes: null }]); }

  async add(entries) {
    this.writing.push(...entries);
    this.report();
    try {
      await this.database.write("waiting", { put: entries });
    } finally {
      this.writing = this.writing.filter((entry) => !entries.includes(entry));
    }
    await this.count();
    this.start();
  }

  // What is still to be sent, and what was refused.
  async entries() { return this.database.all("waiting"); }

  async count() {
    this.counted = await this.entries();
    this.report();
  }

  report() { this.heard.counted([...this.counted, ...this.writing]); }

  start() {
    clearTimeout(this.timer);
    this.again = true;
    this.running ??= this.run().finally(() => { this.running = null; });
    return this.running;
  }

  async run() {
    while (this.again) {
      this.again = false;
      await alone(() => this.empty());
    }
  }

  async empty() {
    for (;;) {
      const entry = (await this.entries()).find(({ stuck }) => !stuck);
      if (!entry) return;
      try {
        await (entry.undo ? this.sendUndo(entry) : this.sendVotes(entry));
        this.failures = 0;
        this.tell("waits", null);
      } catch (error) {
        if (!(error instanceof Refusal) || error.passes) {
          this.heard.waits(error);
          this.timer = setTimeout(() => this.start(), Math.min(LONGEST_MS, RETRY_MS * 2 ** this.failures));
          this.failures += 1;
          return;
        }
        await this.putAside(entry, error);
      }
      await this.count();
    }
  }

  async sendVotes(entry) {
    for (const vote of entry.votes) {
      const told = this.words.get(wordOf(entry, vote));
      if (vote[3] !== null && told > vote[3]) vote[3] = told;
    }
    const { votes } = await this.send(entry);
    if (entry.pieces > 1) await this.note(entry, votes);
    await this.settle(entry, votes);
  }

  // Which changes an act made, where it took several requests.
  async note(entry, votes) {
    const seen = new Map(entry.votes.map(([index, face, , version]) => [`${index}.${face}`, version]));
    const fresh = votes.filter(([index, face, , version]) => seen.get(`${index}.${face}`) !== version);
    // Ids grow with time: what was said before and is said again has an older one.
    const change = fresh.map((vote) => vote[6] ?? "").sort().at(-1);
    if (!change) return;
    const known = await this.database.all("changes");
    const act = known.find((one) => one.act === entry.act) ?? { act: entry.act, changes: [] };
    act.changes = [...new Set([...act.changes, change])];
    await this.database.write("changes", { put: [act], remove: known.slice(0, -KEPT_ACTS).map(({ id }) => id) });
  }

  // What is to be undone is looked up once and written down, so that it is not undone twice.
  async sendUndo(entry) {
    if (entry.changes === null) {
      const last = (await this.latest(entry)).find(({ undone }) => !undone);
      const acts = await this.database.all("changes");
      const act = acts.find(({ changes }) => changes.includes(last?.change_id));
      entry.changes = act?.changes ?? (last ? [last.change_id] : []);
      await this.database.write("waiting", { put: [entry] });
    }
    const votes = [];
    for (const change of entry.changes.toReversed()) votes.push(...(await this.undo(entry, change)).votes);
    await this.settle(entry, votes);
  }

  // Taken: what waits behind it on the same faces has seen this.
  async settle(entry, votes) {
    for (const vote of votes) this.words.set(wordOf(entry, vote), vote[3]);
    const known = new Map(votes.map((vote) => [`${vote[0]}.${vote[1]}`, vote[3]]));
    const behind = [];
    for (const other of await this.entries()) {
      if (other.id === entry.id || other.undo || other.job !== entry.job || other.reviewer !== entry.reviewer) continue;
      const before = other.votes.filter(([index, face]) => known.has(`${index}.${face}`));
      for (const vote of before) if (vote[3] !== null) vote[3] = known.get(`${vote[0]}.${vote[1]}`);
      if (before.length) behind.push(other);
    }
    await this.database.write("waiting", { put: behind, remove: [entry.id] });
    this.tell("answered", entry, votes);
  }

  // Refused: what it is about is kept for a person to decide, the rest is sent again.
  async putAside(entry, { code, message, places, current }) {
    const about = entry.undo || places.length === 0 ? entry.votes ?? [] : places.map((place) => entry.votes[place]);
    const rest = (entry.votes ?? []).filter((vote) => !about.includes(vote));
    const aside = { ...entry, votes: about, stuck: { code, detail: message, current } };
    const put = rest.length ? [{ ...entry, votes: rest }] : [];
    if (rest.length) delete aside.id;
    await this.database.write("waiting", { put: [...put, aside] });
    this.tell("stuck", aside);
  }

  // What was refused: sent again with the version that is there now, or let go.
  async decide({ again }) {
    const stuck = (await this.entries()).filter((entry) => entry.stuck);
    for (const entry of stuck) {
      for (const vote of entry.votes) {
        const now = entry.stuck.current.find(isOf(vote));
        if (now) vote[3] = now[3];
      }
    }
    const remove = stuck.map(({ id }) => id);
    const put = again ? stuck.map(({ id, stuck: _, ...entry }) => entry) : [];
    await this.database.write("waiting", { put, remove });
    await this.count();
    this.start();
    return stuck;
  }
}
