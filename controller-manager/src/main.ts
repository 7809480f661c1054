// Command line of the controller manager.
import { readFileSync } from "node:fs";
import process from "node:process";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { systemClock } from "@coracle/shared/runtime/clock";
import { parseComponentFlags, parseCount } from "@coracle/shared/runtime/component-flags";
import { createLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { aborted, shutdownSignal, stayAliveUntil } from "@coracle/shared/runtime/shutdown";
import { start } from "./start.ts";

async function main(): Promise<void> {
  const flags = parseComponentFlags(process.argv.slice(2), {
    "health-port": { type: "string", default: "0" },
    "root-ca-file": { type: "string" },
  });
  if (flags.kubeconfig === undefined) throw new Error("--kubeconfig is required");
  const signal = shutdownSignal(process);
  stayAliveUntil(signal);
  const rootCaFile = flags["root-ca-file"];
  const manager = await start(
    {
      client: loadKubeconfig(flags.kubeconfig),
      rootCa: rootCaFile === undefined ? undefined : readFileSync(rootCaFile, "utf8"),
      healthPort: parseCount("health-port", flags["health-port"], 65_535),
    },
    {
      clock: systemClock,
      random: systemRandom,
      logger: createLogger("controller-manager", flags.logLevel),
    },
  );
  await aborted(signal);
  await manager.stop();
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  createLogger("controller-manager").error({ reason }, "cannot start");
  process.exit(1);
});
