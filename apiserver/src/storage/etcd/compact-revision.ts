// etcd says that a revision is compacted, but only to watches it says up to where.
import { type EtcdConnection, unreachableEtcd } from "./etcd-connection.ts";
import type { WatchResponse } from "./etcd-schema.ts";

const ANY_KEY = Buffer.from([0]);

/** The compacted revision, given one below it. Errors: as EtcdConnection.openWatch. */
export async function askCompactRevision(
  connection: EtcdConnection,
  compacted: number,
): Promise<number> {
  const { stream } = await connection.openWatch();
  try {
    return await new Promise<number>((resolve, reject) => {
      stream.on("error", (error) => reject(unreachableEtcd(error)));
      stream.on("end", () => reject(unreachableEtcd("the watch ended")));
      stream.on("data", ({ compact_revision, created, canceled }: WatchResponse) => {
        if (compact_revision > 0) resolve(compact_revision);
        else if (canceled || !created) reject(unreachableEtcd("the watch was not refused"));
      });
      stream.write({
        create_request: { key: ANY_KEY, start_revision: Math.max(1, compacted) },
      });
    });
  } finally {
    stream.on("error", () => undefined); // cancel() is one
    stream.cancel();
  }
}
