// npm run bench -- fuzz [--requests 100000] [--seed N]: the long run of the fuzzer, each failure with its seed.
import { readCorpus } from "@coracle/test/fuzz/corpus";
import { toStored } from "@coracle/test/fuzz/fuzz-request";
import { type Failure, fuzz } from "@coracle/test/fuzz/fuzz-run";
import { closeConnections } from "@coracle/test/fuzz/prepare-objects";
import { systemClock } from "@coracle/shared/runtime/clock";

export interface FuzzBench {
  requests: number;
  seed: number;
}

const describe = ({ seed, index, why, request, cause }: Failure): string =>
  `seed ${seed} index ${index}: ${request.family} ${request.method} ${request.path.slice(0, 300)}\n  ${why}\n  ${cause ?? ""}\n  ${JSON.stringify(toStored(request)).slice(0, 4000)}`;

export async function benchFuzz({ requests, seed }: FuzzBench): Promise<void> {
  const startedMs = systemClock.monotonic();
  const { failures, heaps, statuses, requests: sent } = await fuzz({
    seed,
    requests,
    corpus: readCorpus(),
    onFailure: (failure) => console.log(describe(failure)),
    onRound: (done, { usedMiB, residentMiB }) => {
      const seconds = ((systemClock.monotonic() - startedMs) / 1000).toFixed(0);
      console.log(`${done} requests, ${seconds} s, heap ${usedMiB.toFixed(1)} MiB, resident ${residentMiB.toFixed(0)} MiB`);
    },
  });
  closeConnections();
  console.log([...statuses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, n]) => `${key}: ${n}`).join(", "));
  const [first, last] = [heaps[0]?.usedMiB ?? 0, heaps.at(-1)?.usedMiB ?? 0];
  console.log(
    `fuzz: seed ${seed}, ${sent} requests, ${failures.length} failures, heap ${first.toFixed(1)} → ${last.toFixed(1)} MiB`,
  );
}
