import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Database, diskBytes, openDatabase, writeRows } from "./open-directory.ts";
import { encodeRecord } from "./record.ts";
import { SpaceReclaimer } from "./space-reclaimer.ts";

const VERSIONS = 8_000;
const ALIVE = 1_000;
const VALUE_BYTES = 2_000;
const MIB = 2 ** 20;

let directory: string;
let database: Database;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "coracle-space-"));
  database = await openDatabase(directory, "test", { writeBufferSize: MIB });
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const record = (revision: number): string =>
  encodeRecord({
    key: `/registry/pods/default/p-${revision % ALIVE}`,
    revision,
    place: 0,
    createRevision: 1,
    deleted: false,
    lease: 0,
    valueBytes: VALUE_BYTES,
  });

/** Versions of ALIVE objects in turn; each one that is replaced is deleted, as compaction does. */
async function churn(from: number, to: number): Promise<void> {
  for (let revision = from; revision < to; revision++) {
    const old = revision - ALIVE;
    await writeRows(
      database,
      [
        { type: "put", key: record(revision), value: randomBytes(VALUE_BYTES) },
        ...(old < 1 ? [] : [{ type: "del" as const, key: record(old) }]),
      ],
      false,
    );
  }
}

const reclaimer = (wasteBytesMin: number, isClosing = () => false) =>
  new SpaceReclaimer({
    database,
    logger: silentLogger,
    diskBytes: () => diskBytes(directory),
    wasteBytesMin,
    isClosing,
  });

it("gives back what deleted versions took, and keeps the others", async () => {
  await churn(1, ALIVE);
  const space = reclaimer(MIB);
  await space.run(1); // so much is alive
  await churn(ALIVE, VERSIONS);
  const wasteful = await diskBytes(directory);
  await space.run(VERSIONS);
  const after = await diskBytes(directory);
  expect(wasteful).toBeGreaterThan(2.5 * ALIVE * VALUE_BYTES);
  expect(after).toBeLessThan(2 * ALIVE * VALUE_BYTES);
  const kept = await database.keys({ gte: "r", lt: "s" }).all();
  expect(kept).toEqual(Array.from({ length: ALIVE }, (_, i) => record(VERSIONS - ALIVE + i)));
});

it.each([
  ["there is little of it", 64 * MIB, () => false],
  ["the store is being closed", MIB, () => true],
])("leaves it when %s", async (_name, wasteBytesMin, isClosing) => {
  const space = reclaimer(wasteBytesMin, isClosing);
  await space.run(1);
  await churn(1, VERSIONS / 2);
  const before = await diskBytes(directory);
  await space.run(VERSIONS / 2);
  expect(await diskBytes(directory)).toBeGreaterThan(before / 2);
  expect(before).toBeGreaterThan(2 * MIB);
});
