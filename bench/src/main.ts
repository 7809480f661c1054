// npm run bench [-- startup|memory|load|reads|pods|lines …] [--peer URL,TOKEN]: prints medians (and smallest and largest) of what was measured.
// Those of the store, and their flags, are in store-benches.ts.
import { benchFuzz } from "./fuzz.ts";
import { benchLines } from "./lines.ts";
import { benchLoad } from "./load.ts";
import { benchMemory } from "./memory.ts";
import { benchPods } from "./pods.ts";
import { benchReads } from "./reads.ts";
import { benchStartup } from "./startup.ts";
import { storeBenches } from "./store-benches.ts";

const args = process.argv.slice(2);
const at = args.indexOf("--peer");
const [url, token] = at < 0 ? [] : (args.splice(at, 2)[1] ?? "").split(",");
const peer = url === undefined || token === undefined ? undefined : { url, token };

const benches: Record<string, () => void | Promise<void>> = {
  lines: benchLines,
  startup: benchStartup,
  memory: benchMemory,
  load: () => benchLoad(peer),
  reads: benchReads,
  pods: benchPods,
};

const fuzzFlags = args[0] === "fuzz" ? args.splice(1) : [];
const ofStore = storeBenches(args);
const wanted = ofStore.names.length > 0 ? ofStore.names : Object.keys(benches);
// Not without being asked for.
Object.assign(benches, ofStore.benches, { fuzz: () => benchFuzz(fuzzFlags) });
for (const name of wanted) {
  const bench = benches[name];
  if (bench === undefined)
    throw new Error(`no such bench: ${name}; there are ${Object.keys(benches).join(", ")}`);
  await bench();
}
