// The process that crash.test.ts kills: writes without end, and says on stdout what was acknowledged and what a watcher saw.
//   main.ts <directory> <round>
// Each writer counts up in two keys by one transaction, deletes them now and then, and has several transactions under way.
import { writeSync } from "node:fs";
import { systemClock } from "@coracle/shared/runtime/clock";
import { openLevelStorage } from "../level-storage.ts";

const [directory = "", round = "0"] = process.argv.slice(2);
const WRITERS = 16;
const HISTORY_KEPT = 300;

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

const storage = await openLevelStorage({ directory, clock: systemClock });
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
