import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { leaderElectionFlags, startElection } from "@coracle/shared/leader-election/start-election";
import { systemClock } from "@coracle/shared/runtime/clock";
import { parseComponentFlags, parseCount } from "@coracle/shared/runtime/component-flags";
import { startHealthServer } from "@coracle/shared/runtime/health-server";
import { createLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { aborted, shutdownSignal, stayAliveUntil } from "@coracle/shared/runtime/shutdown";
import { start } from "./start.ts";

const PORT_MAX = 65_535;

async function main(): Promise<void> {
  let logger = createLogger("scheduler");
  try {
    const flags = parseComponentFlags(process.argv.slice(2), {
      "health-port": { type: "string", default: "0" },
      ...leaderElectionFlags,
    });
    logger = createLogger("scheduler", flags.logLevel);
    if (flags.kubeconfig === undefined) throw new Error("--kubeconfig is needed");
    const component = "kube-scheduler";
    const config = { ...loadKubeconfig(flags.kubeconfig, flags.servers), userAgent: component };
    const stop = shutdownSignal(process);
    stayAliveUntil(stop);
    const dependencies = { clock: systemClock, random: systemRandom, logger };
    const election = startElection({
      ...dependencies,
      flags,
      client: config,
      component,
      eventSource: "default-scheduler",
    });
    void election?.elector.lost.then(() => {
      logger.error("leader election lost");
      process.exit(1);
    });
    const scheduler = start({
      ...dependencies,
      client: new Client(election?.client ?? config),
      leading: election?.elector.leading,
    });
    const health = await startHealthServer({
      port: parseCount("health-port", flags["health-port"], PORT_MAX),
      isReady: scheduler.isReady,
    });
    await aborted(stop);
    logger.info("stopping");
    await Promise.all([scheduler.close(), health.close()]);
    await election?.stop();
    process.exit(0);
  } catch (error) {
    logger.error({ reason: (error as Error).message }, "cannot start");
    process.exit(1);
  }
}

void main();
