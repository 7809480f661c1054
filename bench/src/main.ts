// npm run bench [-- startup|memory|load|reads|pods|lines …] [--peer URL,TOKEN]: prints medians (and smallest and largest) of what was measured.
import { benchLines } from "./lines.ts";
import { benchLoad } from "./load.ts";
import { benchMemory } from "./memory.ts";
import { benchPods } from "./pods.ts";
import { benchReads } from "./reads.ts";
import { benchStartup } from "./startup.ts";

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

const wanted = args.length > 0 ? args : Object.keys(benches);
for (const name of wanted) {
  const bench = benches[name];
  if (bench === undefined)
    throw new Error(`no such bench: ${name}; there are ${Object.keys(benches).join(", ")}`);
  await bench();
}
