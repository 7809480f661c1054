// The benchmarks of the store, and their flags. They take long, so they run only when they are named:
//   store [--runs 5] [--seconds 5]                     writes and watches, on LevelDB and on etcd
//   store-scale [--pods 100000] [--updates 500000]     a big store: restart, memory, disk, watchers
//   crash [--rounds 500] [--store level|etcd] [--seed N]    kill -9, again and again
//   linearizability [--seconds 300] [--seed N]         three API servers on three etcds that fail
import { parseArgs } from "node:util";
import { systemRandom } from "@coracle/shared/runtime/random";
import { benchStore } from "./store.ts";
import { benchConsistency } from "./store-consistency.ts";
import { benchCrash } from "./store-crash.ts";
import { benchStoreScale } from "./store-scale.ts";

export interface StoreBenches {
  benches: Record<string, () => Promise<void>>;
  /** The arguments that are no flags: names of benchmarks. */
  names: string[];
}

export function storeBenches(args: string[]): StoreBenches {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runs: { type: "string", default: "5" },
      seconds: { type: "string" },
      rounds: { type: "string", default: "500" },
      store: { type: "string", default: "level" },
      seed: { type: "string" },
      pods: { type: "string", default: "100000" },
      updates: { type: "string", default: "500000" },
    },
  });
  const { runs, seconds, rounds, store: engine, pods, updates } = values;
  const seed = Number(values.seed ?? systemRandom.integer(1_000_000));
  return {
    names: positionals,
    benches: {
      store: () => benchStore(Number(runs), Number(seconds ?? 5)),
      "store-scale": () => benchStoreScale(Number(pods), Number(updates)),
      crash: () => benchCrash({ rounds: Number(rounds), engine, seed }),
      linearizability: () => benchConsistency(Number(seconds ?? 300), seed),
    },
  };
}
