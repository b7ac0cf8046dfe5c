// What tiles need beside the order, fetched in batches for what is in sight, kept up to a bound.

const [RETRY_MS, LONGEST_MS] = [2000, 60_000];

// `ask(keys, signal)` gives { found, pending }: a Map of what was found, and whether more may come.
// A key that is not found and not pending is kept as null, so that it is asked for once.
// `arrived()` is called after each batch, `failed(error)` when one broke; it is asked again then.
export class Store {
  constructor({ ask, batch, most, parallel = 1, release = () => {}, arrived, failed = () => {} }) {
    Object.assign(this, { ask, batch, most, parallel, release, arrived, failed });
    this.kept = new Map();
    this.wanted = [];
    this.asked = new Set();
    this.running = 0;
    this.failures = 0;
    this.aborts = new AbortController();
  }

  get(key) { return this.kept.get(key); }

  // What is in sight now, the most urgent first; what was wanted before and not asked for is not.
  want(keys) {
    this.wanted = keys.filter((key) => !this.kept.has(key) && !this.asked.has(key));
    // What is in sight is the youngest, so that it is not what a full store lets go.
    for (const key of keys) this.touch(key);
    this.start();
  }

  touch(key) {
    if (!this.kept.has(key)) return;
    const value = this.kept.get(key);
    this.kept.delete(key);
    this.kept.set(key, value);
  }

  start() {
    while (this.running < this.parallel && this.wanted.length > 0) this.fetch(this.wanted.splice(0, this.batch));
  }

  async fetch(keys) {
    const { signal } = this.aborts;
    this.running += 1;
    for (const key of keys) this.asked.add(key);
    try {
      const { found, pending = false } = await this.ask(keys, signal);
      if (signal.aborted) return;
      this.failures = 0;
      for (const key of keys) if (found.has(key) || !pending) this.keep(key, found.get(key) ?? null);
      this.arrived();
      if (pending) await this.again(keys, signal, RETRY_MS);
    } catch (error) {
      if (signal.aborted) return;
      this.failed(error);
      await this.again(keys, signal, Math.min(LONGEST_MS, RETRY_MS * 2 ** this.failures));
      this.failures += 1;
    } finally {
      if (!signal.aborted) {
        for (const key of keys) this.asked.delete(key);
        this.running -= 1;
        this.start();
      }
    }
  }

  // What of these keys is still missing is wanted once more, unless all was forgotten meanwhile.
  async again(keys, signal, pause) {
    await new Promise((done) => { setTimeout(done, pause); });
    if (!signal.aborted) this.wanted.push(...keys.filter((key) => !this.kept.has(key)));
  }

  keep(key, value) {
    this.kept.set(key, value);
    for (const [oldest, old] of this.kept) {
      if (this.kept.size <= this.most) break;
      this.kept.delete(oldest);
      if (old !== null) this.release(old);
    }
  }

  // Forget all: another filter marks other faces, a job that runs has other results.
  clear() {
    this.aborts.abort();
    this.aborts = new AbortController();
    for (const value of this.kept.values()) if (value !== null) this.release(value);
    this.kept.clear();
    this.asked.clear();
    this.wanted = [];
    this.running = 0;
  }
}
