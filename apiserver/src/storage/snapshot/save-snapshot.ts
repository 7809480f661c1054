// A snapshot of a running store, page by page at one revision, while writers go on.
import { SnapshotEncoder } from "@coracle/shared/snapshot/snapshot-encoder";
import type { Storage } from "../storage.ts";

const PREFIX = "/registry/";
const PAGE_ITEMS = 500;
const PAGE_BYTES = 4 << 20;
/** Of a lease that ended after the revision of the snapshot: its keys are about to go. */
const ENDED_LEASE_SECONDS = 1;

/**
 * The file's bytes. Each page is read when the one before it was taken, so that a slow reader costs no memory. Errors: what the store
 * says; CompactedError, if the reader takes longer than history reaches back.
 */
export async function* saveSnapshot(storage: Storage, savedAt: string): AsyncGenerator<Buffer> {
  const revision = await storage.currentRevision();
  const encoder = new SnapshotEncoder();
  const leases = new Set<number>();
  yield encoder.header({ revision, savedAt });
  let startAfter: string | undefined;
  let limit = PAGE_ITEMS;
  for (;;) {
    const page = await storage.range({ prefix: PREFIX, startAfter, limit, revision });
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (const item of page.items) {
      if (item.lease !== undefined && !leases.has(item.lease)) {
        leases.add(item.lease);
        const seconds = (await storage.leaseSeconds(item.lease)) ?? ENDED_LEASE_SECONDS;
        pieces.push(encoder.lease({ id: item.lease, seconds }));
      }
      const piece = encoder.key(item);
      bytes += piece.length;
      pieces.push(piece);
    }
    if (pieces.length > 0) yield Buffer.concat(pieces);
    if (!page.more) break;
    startAfter = page.items.at(-1)?.key;
    limit = nextLimit(limit, bytes);
  }
  yield encoder.end();
}

/** Pages of about PAGE_BYTES, whatever the size of the objects. */
function nextLimit(limit: number, bytes: number): number {
  const wanted = Math.floor((limit * PAGE_BYTES) / Math.max(1, bytes));
  return Math.min(Math.max(1, wanted), 2 * limit);
}
