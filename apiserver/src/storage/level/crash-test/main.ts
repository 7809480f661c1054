// The process that crash.test.ts kills: writes without end, and says on stdout what was acknowledged and what a watcher saw.
//   main.ts <directory> <round> [no-sync]
// It also says what LevelDB was asked to sync, and has, and when it begins to merge what is forgotten. Its logs and its history are
// small, so that both happen often.
// Each writer counts up in two keys by one transaction, deletes them now and then, and has several transactions under way.
import { writeSync } from "node:fs";
import { systemClock } from "@coracle/shared/runtime/clock";
import { LevelStorage } from "../level-storage.ts";
import { type Database, openDatabase, readFloor } from "../open-directory.ts";
import { decodeRecord } from "../record.ts";
import { recover } from "../recovery.ts";

const [directory = "", round = "0", noSync] = process.argv.slice(2);
const LOG_BYTES = 64 << 10;
const WRITERS = 16;
const HISTORY_KEPT = 300;
const HISTORY_MS = 500;
const WASTE_BYTES_MIN = 256 << 10;

/** Written at once: what is only buffered here would be lost with the process, though it was acknowledged. */
function say(...words: (string | number)[]): void {
  let rest = Buffer.from(`${words.join(" ")}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // The pipe is full: the reader is slower than we are.
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
    }
  }
}

/** Says "synced" and a revision when a synced batch is written, before the engine learns of it; "merging" before a range is. */
function saysWhatItDoes(database: Database): Database {
  const batch = () => {
    const inner = database.batch();
    let revision = 0;
    const outer = {
      put(key: string, value: Buffer) {
        revision = Math.max(revision, decodeRecord(key)?.revision ?? 0);
        inner.put(key, value);
      },
      del: (key: string) => inner.del(key),
      async write(options: { sync: boolean }) {
        await inner.write(options);
        if (options.sync && revision > 0) say("synced", revision);
      },
    };
    return outer;
  };
  const compactRange = (start: string, end: string) => {
    say("merging", start);
    return database.compactRange(start, end);
  };
  return new Proxy(database, {
    get(target, name) {
      if (name === "batch") return batch;
      if (name === "compactRange") return compactRange;
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

const options = {
  ...{ directory, clock: systemClock, sync: noSync === undefined },
  ...{ historyRetentionMs: HISTORY_MS, wasteBytesMin: WASTE_BYTES_MIN },
};
const tuning = { writeBufferSize: LOG_BYTES };
const database = saysWhatItDoes(await openDatabase(directory, "a test", tuning));
const floor = await readFloor(directory);
const recovered = await recover(database, directory, floor);
const storage = new LevelStorage(options, database, recovered, floor);
let seen = await storage.currentRevision();
say("opened", seen);
storage.watch({
  prefix: "/r/",
  startRevision: seen + 1,
  onEvents(events, revision) {
    for (const event of events) say("event", event.revision, event.type, event.key);
    seen = revision;
  },
  onError(error) {
    throw error;
  },
});

async function write(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const value = Buffer.from(`${round}.${count} ${"x".repeat((writer * count * 37) % 6000)}`);
    const keys = [`/r/${writer}/a`, `/r/${writer}/b`];
    const deleted = count % 11 === 10;
    const { revision } = await storage.transaction(
      [],
      keys.map((key) => (deleted ? { type: "delete", key } : { type: "put", key, value })),
    );
    say("acknowledged", writer, revision, count);
  }
}

async function compact(): Promise<never> {
  for (;;) {
    await systemClock.sleep(5);
    await storage.compact(Math.max(1, seen - HISTORY_KEPT));
  }
}

await Promise.all([compact(), ...Array.from({ length: WRITERS }, (_, i) => write(i))]);
