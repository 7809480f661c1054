// npm run bench -- fuzz [--requests 100000] [--seed N]: the long run of the fuzzer, each failure with its seed. Fails when there
// is one, when the server's memory rises, or when too few of the requests get beyond parsing.
import { parseArgs } from "node:util";
import { systemClock } from "@coracle/shared/runtime/clock";
import { systemRandom } from "@coracle/shared/runtime/random";
import { readCorpus } from "@coracle/test/fuzz/corpus";
import { toStored } from "@coracle/test/fuzz/fuzz-request";
import {
  type Failure,
  fuzz,
  HEAP_RISE_MIB_MAX,
  heapRiseMiB,
  OPEN_RISE_MAX,
  openRise,
  RESIDENT_RISE_MIB_MAX,
  residentRiseMiB,
  UNDERSTOOD_MIN,
} from "@coracle/test/fuzz/fuzz-run";
import { closeConnections } from "@coracle/test/fuzz/prepare-objects";

const SHOWN_MAX = 4000;

function describe({ seed, index, why, request, cause }: Failure): string {
  const head = `seed ${seed} index ${index}: ${request.family} ${request.method} ${request.path}`;
  const stored = JSON.stringify(toStored(request));
  return [head.slice(0, 300), why, cause ?? "", stored.slice(0, SHOWN_MAX)].join("\n  ");
}

export async function benchFuzz(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      requests: { type: "string", default: "100000" },
      seed: { type: "string" },
    },
  });
  const requests = Number(values.requests);
  const seed = Number(values.seed ?? systemRandom.integer(1_000_000));
  const startedMs = systemClock.monotonic();
  const report = await fuzz({
    seed,
    requests,
    corpus: readCorpus(),
    onFailure: (failure) => console.log(describe(failure)),
    onRound: (done, { usedMiB, residentMiB, open }) => {
      const seconds = ((systemClock.monotonic() - startedMs) / 1000).toFixed(0);
      const memory = `heap ${usedMiB.toFixed(1)} MiB, resident ${residentMiB.toFixed(0)} MiB, ${open} open`;
      console.log(`${done} requests, ${seconds} s, ${memory}`);
    },
  });
  closeConnections();
  const { failures, coverage, requests: sent } = report;
  for (const line of coverage.lines()) console.log(line);
  const [heap, resident] = [heapRiseMiB(report), residentRiseMiB(report)];
  console.log(
    `fuzz: seed ${seed}, ${sent} requests, ${failures.length} failures, heap rise ${heap.toFixed(1)} MiB, resident rise ${resident.toFixed(0)} MiB, ${openRise(report)} more open`,
  );
  const isBlind = coverage.understoodShare < UNDERSTOOD_MIN;
  const rises =
    heap > HEAP_RISE_MIB_MAX ||
    resident > RESIDENT_RISE_MIB_MAX ||
    openRise(report) > OPEN_RISE_MAX;
  if (failures.length > 0 || rises || isBlind) process.exitCode = 1;
}
