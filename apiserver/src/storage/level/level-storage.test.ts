import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { storageContract } from "../contract-suite.ts";
import { openLevelStorage } from "./level-storage.ts";

storageContract(
  "level",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "coracle-level-"));
    const clock = new SimulatedClock();
    const open = () =>
      openLevelStorage({ directory, clock, sync: false, historyRetentionMs: 86_400_000 });
    const subject = {
      storage: await open(),
      async restart() {
        await subject.storage.close();
        subject.storage = await open();
      },
      pass: (ms: number) => clock.advance(ms),
      async remove() {
        await subject.storage.close();
        await rm(directory, { recursive: true });
      },
    };
    return subject;
  },
  { inProcess: true, leaseEndsInOneRevision: false },
);
