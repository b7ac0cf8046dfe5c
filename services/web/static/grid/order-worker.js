// Fetches an order and packs it, in a thread of its own: to parse ten megabytes of numbers takes
// longer than a frame.

import { KINDS } from "./order.js";

onmessage = async ({ data: { id, address } }) => {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || String(answer.status));
    const packed = { total: body.total };
    for (const [name, Kind] of Object.entries(KINDS)) if (body[name]) packed[name] = Kind.from(body[name]);
    const buffers = Object.keys(KINDS).filter((name) => packed[name]).map((name) => packed[name].buffer);
    postMessage({ id, order: packed }, buffers);
  } catch (error) {
    postMessage({ id, fault: error instanceof SyntaxError ? "The answer cannot be read." : error.message });
  }
};
