// Where the grid's data come from: the order, the photos in sight, crops of faces in sheets.

import { at } from "../address.js";
import { Order } from "./order.js";
import { Store } from "./store.js";

const FACES_A_PHOTO = 2 ** 15;
// Photos and crops that are kept: some 20 MB.
const [PHOTOS, CROPS] = [4000, 3000];

async function json(address, signal) {
  const answer = await fetch(address, { signal, headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || String(answer.status));
  return body;
}

// Orders, fetched and packed by a worker; only the last one asked for is given.
export class Orders {
  constructor(job) {
    this.job = job;
    this.worker = new Worker(new URL("order-worker.js", import.meta.url), { type: "module" });
    this.last = 0;
    this.worker.addEventListener("message", ({ data }) => {
      if (data.id !== this.last) return;
      if (data.fault) this.waiting.fail(new Error(data.fault));
      else this.waiting.done(new Order(data.order));
    });
  }

  // The order of a list; it never ends when another one was asked for since.
  get(params) {
    this.last += 1;
    const address = new URL(at(`/jobs/${this.job}/grid/order?${params}`), location.href).href;
    return new Promise((done, fail) => {
      this.waiting = { done, fail };
      this.worker.postMessage({ id: this.last, address });
    });
  }
}

// Photos by their number in the job, as services/web/views/grid.py draws them; `own(numbers)` fetches
// what else has to be there with them.
export function photoStore(job, params, own, heard) {
  const ask = async (numbers, signal) => {
    const query = new URLSearchParams(params());
    for (const number of numbers) query.append("index", number);
    const [{ items }] = await Promise.all([json(at(`/jobs/${job}/grid/items?${query}`), signal), own(numbers)]);
    return { found: new Map(items.map((photo) => [photo.index, photo])) };
  };
  return new Store({ ask, batch: 100, most: PHOTOS, ...heard });
}

// Crops by their face's key in the order, as addresses of pictures in this page's memory.
export function cropStore(job, heard) {
  const ask = async (keys, signal) => {
    const query = new URLSearchParams();
    for (const key of keys) query.append("face", `${Math.floor(key / FACES_A_PHOTO)}.${key % FACES_A_PHOTO}`);
    const { crops, pending } = await json(at(`/jobs/${job}/grid/crops?${query}`), signal);
    const found = new Map(crops.filter(({ jpeg }) => jpeg).map((crop) => [
      crop.index * FACES_A_PHOTO + crop.face_index, URL.createObjectURL(pictureOf(crop.jpeg)),
    ]));
    return { found, pending };
  };
  return new Store({ ask, batch: 64, most: CROPS, parallel: 2, release: (url) => URL.revokeObjectURL(url), ...heard });
}

function pictureOf(base64) {
  return new Blob([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], { type: "image/jpeg" });
}
