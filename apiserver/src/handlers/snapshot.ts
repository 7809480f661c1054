// GET of the whole store at one revision, as the file of a backup (`coracle snapshot save`): for whoever may read this path, so for
// administrators. A download that breaks is a file without its end, which nobody takes for a whole one.
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import { saveSnapshot } from "../storage/snapshot/save-snapshot.ts";
import type { Storage } from "../storage/storage.ts";
import type { Handled } from "./api-request.ts";
import { drained } from "./send-reply.ts";

export const SNAPSHOT_PATH = "/coracle/snapshot";

export type SnapshotHandler = () => Handled;

export function snapshotHandler(storage: Storage, clock: Clock): SnapshotHandler {
  return () => ({
    async stream(response) {
      // Only a store that can be read says 200.
      const pieces = saveSnapshot(storage, formatTime(clock.now()));
      const first = await pieces.next();
      response.writeHead(200, { "content-type": "application/octet-stream" });
      response.write(first.value);
      for await (const piece of pieces) {
        if (!response.write(piece)) await drained(response);
        if (response.destroyed) return;
      }
      response.end();
    },
  });
}
