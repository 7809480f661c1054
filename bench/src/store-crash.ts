// kill -9 of the API server, many times: test/src/crash says what must hold.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { losePower } from "@coracle/apiserver/storage/level/crash-test/simulated-power-loss";
import { systemClock } from "@coracle/shared/runtime/clock";
import { seededRandom } from "@coracle/shared/runtime/random";
import { runCrashRounds } from "@coracle/test/crash/crash-rounds";
import { bundleApiServer } from "@coracle/test/crash/server-process";
import { startEtcd } from "@coracle/test/harness/etcd";
import { summary } from "./statistics.ts";

export interface CrashBench {
  rounds: number;
  engine: string;
  seed: number;
}

const REPORT_EVERY = 20;

export async function benchCrash({ rounds, engine, seed }: CrashBench): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "coracle-bench-crash-"));
  const etcd = engine === "etcd" ? await startEtcd() : undefined;
  const bundle = await bundleApiServer();
  const random = seededRandom(seed);
  let lost = 0;
  const startMs = systemClock.monotonic();
  console.log(`crash: ${rounds} rounds on ${engine}, seed ${seed}`);
  try {
    const result = await runCrashRounds({
      rounds,
      seed,
      bundle,
      directory,
      flags: etcd === undefined ? [] : ["--store", "etcd", "--etcd-servers", etcd.endpoint],
      async afterKill(shown, round) {
        if (etcd !== undefined || round % 2 === 0) return;
        if ((await losePower(join(directory, "store"), shown, random)) > 0) lost++;
      },
      onRound(round, { acknowledged, compactions }) {
        if ((round + 1) % REPORT_EVERY > 0) return;
        console.log(
          `  ${round + 1} rounds: ${acknowledged} writes, ${compactions} kills in a compaction`,
        );
      },
    });
    const minutes = (systemClock.monotonic() - startMs) / 60_000;
    console.log(
      `crash: ${result.rounds} kills in ${minutes.toFixed(1)} min, ${result.compactions} of them in a compaction, ${lost} with unsynced data lost; ${result.acknowledged} acknowledged writes all there, ${result.unanswered} unanswered ones done; ${result.events} events seen by 3 watchers, each once; restart to ready ${summary(result.readyMs, "ms")}`,
    );
  } finally {
    await etcd?.remove();
    rmSync(directory, { recursive: true, force: true });
    rmSync(dirname(bundle), { recursive: true, force: true });
  }
}
