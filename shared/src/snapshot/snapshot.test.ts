import { describe, expect, test } from "vitest";
import { SnapshotEncoder } from "./snapshot-encoder.ts";
import { SnapshotError, type SnapshotKey } from "./snapshot-format.ts";
import { readSnapshot } from "./snapshot-reader.ts";

const KEYS: SnapshotKey[] = [
  {
    key: "/registry/events/a/e",
    value: Buffer.from("{}"),
    revision: 9,
    createRevision: 9,
    lease: 7,
  },
  {
    key: "/registry/pods/ä/p",
    value: Buffer.alloc(30_000, "x"),
    revision: 2 ** 40,
    createRevision: 3,
  },
  { key: "/registry/pods/b/empty", value: Buffer.alloc(0), revision: 4, createRevision: 4 },
];

function encoded(): Buffer {
  const encoder = new SnapshotEncoder();
  return Buffer.concat([
    encoder.header({ revision: 2 ** 41, savedAt: "2026-01-02T03:04:05Z" }),
    encoder.lease({ id: 7, seconds: 61 }),
    ...KEYS.map((key) => encoder.key(key)),
    encoder.end(),
  ]);
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, size = 64 << 10) {
  const keys: SnapshotKey[] = [];
  const leases: unknown[] = [];
  const summary = await readSnapshot(inPieces(bytes, size), {
    key(key) {
      keys.push(key);
    },
    lease(lease) {
      leases.push(lease);
    },
  });
  return { keys, leases, summary };
}

describe("a snapshot", () => {
  test.each([7, 1000, 1 << 20])(
    "is read as it was written, in pieces of %d bytes",
    async (size) => {
      const bytes = encoded();
      const { keys, leases, summary } = await read(bytes, size);
      expect(keys).toEqual(KEYS);
      expect(leases).toEqual([{ id: 7, seconds: 61 }]);
      expect(summary).toMatchObject({ revision: 2 ** 41, keys: 3, leases: 1, bytes: bytes.length });
    },
  );

  test("is refused wherever it is cut off", async () => {
    const bytes = encoded();
    const ends = [
      bytes.length - 1,
      bytes.length - 32,
      bytes.length - 33,
      bytes.length - 60,
      90,
      40,
    ];
    for (const end of ends) {
      await expect(read(bytes.subarray(0, end))).rejects.toThrow("the snapshot is cut off");
    }
  });

  test("is refused when any byte is another", async () => {
    const bytes = encoded();
    const places = [0, 17, 25, 70, 80, 100, 140, 20_000, bytes.length - 40, bytes.length - 1];
    for (const at of places) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x11;
      await expect(read(damaged), `byte ${at}`).rejects.toThrow(SnapshotError);
    }
  });

  test("says what is wrong", async () => {
    const bytes = encoded();
    await expect(read(Buffer.from("apiVersion: v1\n"))).rejects.toThrow("is no snapshot");
    await expect(read(Buffer.from("coracle-snapshot 9\n{}\n"))).rejects.toThrow(
      "has format 9; this version reads format 1",
    );
    await expect(read(Buffer.concat([bytes, Buffer.from("x")]))).rejects.toThrow("behind its end");
  });
});
