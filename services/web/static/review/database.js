// Where answers wait until they are sent: a database of the browser's, which survives a reload.

const NAME = "hfer-reviews";
const STORES = ["waiting", "changes"];

const done = (request) => new Promise((resolve, fail) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => fail(request.error);
});

// Two stores of objects with an `id`: what waits in its order, and which changes one act made.
export class Database {
  static async open(name = NAME) {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store, { keyPath: "id", autoIncrement: true });
    };
    return new Database(await done(request));
  }

  constructor(opened) { this.opened = opened; }

  // Write in one transaction: all of it or nothing; settles once it is on the disk.
  write(store, { put = [], remove = [] }) {
    return new Promise((resolve, fail) => {
      const transaction = this.opened.transaction(store, "readwrite", { durability: "strict" });
      for (const entry of put) transaction.objectStore(store).put(entry);
      for (const id of remove) transaction.objectStore(store).delete(id);
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => fail(transaction.error);
      transaction.onabort = () => fail(transaction.error);
    });
  }

  all(store) { return done(this.opened.transaction(store).objectStore(store).getAll()); }
}
