// Command line of the controller manager.
import { readFileSync } from "node:fs";
import process from "node:process";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { leaderElectionFlags, startElection } from "@coracle/shared/leader-election/start-election";
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
    ...leaderElectionFlags,
  });
  if (flags.kubeconfig === undefined) throw new Error("--kubeconfig is required");
  const signal = shutdownSignal(process);
  stayAliveUntil(signal);
  const rootCaFile = flags["root-ca-file"];
  const logger = createLogger("controller-manager", flags.logLevel);
  const dependencies = { clock: systemClock, random: systemRandom, logger };
  const component = "kube-controller-manager";
  const client = { ...loadKubeconfig(flags.kubeconfig, flags.servers), userAgent: component };
  const election = startElection({
    ...dependencies,
    flags,
    client,
    component,
    eventSource: component,
  });
  void election?.elector.lost.then(() => {
    logger.error("leader election lost");
    process.exit(1);
  });
  const manager = await start(
    {
      client: election?.client ?? client,
      rootCa: rootCaFile === undefined ? undefined : readFileSync(rootCaFile, "utf8"),
      healthPort: parseCount("health-port", flags["health-port"], 65_535),
    },
    { ...dependencies, leading: election?.elector.leading },
  );
  await aborted(signal);
  await manager.stop();
  await election?.stop();
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  createLogger("controller-manager").error({ reason }, "cannot start");
  process.exit(1);
});
