// For tests of migrations: a store directory as the first version left it.

import { join } from "node:path";
import { Level } from "level";
import { CHECKSUM_BYTES, decodeRecord, FORMAT_KEY } from "../record.ts";

/** Takes the checksums from a directory that nobody has open. */
export async function makeFormat1(directory: string): Promise<void> {
  await withLevel(directory, async (level) => {
    const batch = level.batch();
    for (const [key, value] of await level.iterator({ gte: "r", lt: "s" }).all()) {
      if (decodeRecord(key)?.deleted !== false) continue;
      batch.put(key, value.subarray(0, value.length - CHECKSUM_BYTES));
    }
    batch.put(FORMAT_KEY, Buffer.from(JSON.stringify({ format: 1 })));
    await batch.write();
  });
}

/** All that the database holds, values byte by byte in latin1. */
export async function readRows(directory: string): Promise<[string, string][]> {
  let rows: [string, Buffer][] = [];
  await withLevel(directory, async (level) => {
    rows = await level.iterator().all();
  });
  return rows.map(([key, value]) => [key, value.toString("latin1")]);
}

async function withLevel(
  directory: string,
  use: (level: Level<string, Buffer>) => Promise<void>,
): Promise<void> {
  const level = new Level<string, Buffer>(join(directory, "level"), { valueEncoding: "buffer" });
  await level.open();
  try {
    await use(level);
  } finally {
    await level.close();
  }
}
