// kill -9 of the API server, on LevelDB (where it also loses what was not synced) and on etcd. `npm run bench -- crash --rounds 500`
// does the same for longer.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { losePower } from "@coracle/apiserver/storage/level/crash-test/simulated-power-loss";
import { seededRandom, systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCrashRounds } from "./crash/crash-rounds.ts";
import { bundleApiServer } from "./crash/server-process.ts";
import { etcdRequirement, startEtcd } from "./harness/etcd.ts";
import { describeWith } from "./requirement.ts";

const LEVEL_ROUNDS = 14;
const ETCD_ROUNDS = 6;
const seed = systemRandom.integer(1_000_000);

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const directory = mkdtempSync(join(tmpdir(), "coracle-crash-test-"));
let bundle: string;
beforeAll(async () => {
  bundle = await bundleApiServer();
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  rmSync(dirname(bundle), { recursive: true, force: true });
});

test(`on LevelDB, ${LEVEL_ROUNDS} times (seed ${seed})`, async () => {
  const data = join(directory, "level");
  const random = seededRandom(seed);
  const result = await runCrashRounds({
    rounds: LEVEL_ROUNDS,
    seed,
    bundle,
    directory: data,
    flags: [],
    async afterKill(shown, round) {
      if (round % 2 === 1) await losePower(join(data, "store"), shown, random);
    },
  });
  expect(result.acknowledged).toBeGreaterThan(LEVEL_ROUNDS * 20);
  expect(result.compactions).toBeGreaterThan(0);
});

test("a disk that loses what was acknowledged is found out", async () => {
  const data = join(directory, "liar");
  const rounds = runCrashRounds({
    rounds: 3,
    seed,
    bundle,
    directory: data,
    flags: [],
    afterKill: async () => {
      expect(
        await losePower(join(data, "store"), 0, { ...systemRandom, integer: () => 0 }),
      ).toBeGreaterThan(0);
    },
  });
  await expect(rounds).rejects.toThrow(/was acknowledged as|had shown|damaged or incomplete/);
});

describeWith("on etcd", [etcdRequirement], () => {
  test(`${ETCD_ROUNDS} times (seed ${seed})`, async () => {
    const etcd = await startEtcd();
    try {
      const result = await runCrashRounds({
        rounds: ETCD_ROUNDS,
        seed,
        bundle,
        directory: join(directory, "etcd"),
        flags: ["--store", "etcd", "--etcd-servers", etcd.endpoint],
      });
      expect(result.acknowledged).toBeGreaterThan(ETCD_ROUNDS * 20);
    } finally {
      await etcd.remove();
    }
  });
});
