// Back-pressure of a writable: who writes faster than the client reads waits here.
import type { Writable } from "node:stream";

/** Resolves when the writable takes more, or is over. */
export function drained(writable: Writable): Promise<void> {
  const known = waiting.get(writable);
  if (known !== undefined) return known;
  const room = new Promise<void>((resolve) => {
    const done = () => {
      writable.off("drain", done).off("close", done).off("error", done);
      waiting.delete(writable);
      resolve();
    };
    writable.on("drain", done).on("close", done).on("error", done);
    if (writable.destroyed) done();
  });
  if (!writable.destroyed) waiting.set(writable, room);
  return room;
}

/** One promise (and one set of listeners) for all that wait for one writable. */
const waiting = new WeakMap<Writable, Promise<void>>();
