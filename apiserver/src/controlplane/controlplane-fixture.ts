// For tests: a store in a directory of its own with a simulated clock, with what a fresh
// store holds, and the registry over it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { seededRandom } from "@coracle/shared/runtime/random";
import { builtInAdmission } from "../admission/built-in.ts";
import { createBootstrapObjects } from "../bootstrap.ts";
import { together } from "../registry/companions.ts";
import { Registry } from "../registry/registry.ts";
import { type Behaviours, builtInTable } from "../registry/resource-table.ts";
import { serviceIpAddresses } from "../registry/service-ip-addresses.ts";
import { serviceNodePorts } from "../registry/service-node-ports.ts";
import { behaviours } from "../resources/behaviours.ts";
import { openLevelStorage } from "../storage/level/level-storage.ts";
import type { ControlplaneDependencies } from "./start-controlplane.ts";

export const SECURE_PORT = 6443;

export interface Fixture extends ControlplaneDependencies {
  clock: SimulatedClock;
  close(): Promise<void>;
}

export async function controlplaneFixture(): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), "coracle-controlplane-"));
  const clock = new SimulatedClock();
  const [random, logger] = [seededRandom(1), silentLogger];
  const storage = await openLevelStorage({ directory, clock, sync: false });
  const resources = builtInTable(behaviours as unknown as Behaviours, [], {
    storage,
    clock,
    logger,
  });
  const caches = resources.all().map(({ cache }) => cache);
  await Promise.all(caches.map((cache) => cache.start()));
  const admission = builtInAdmission({ resources, registry: () => registry, clock, random });
  const registry: Registry = new Registry({
    ...{ storage, admission, clock, random, logger },
    companions: together([
      serviceIpAddresses(resources, clock, random),
      serviceNodePorts(resources),
    ]),
    frozen: true,
  });
  const parts = { storage, resources, random };
  await createBootstrapObjects(parts, { securePort: SECURE_PORT, now: clock.now() });
  return {
    ...{ storage, resources, registry, clock, random, logger },
    async close() {
      await Promise.all(caches.map((cache) => cache.stop()));
      await storage.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
