// What a Pod's worker needs of the node it runs on.
import type { Service } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Host } from "../cri/host.ts";
import type { Runtime } from "../cri/runtime.ts";
import type { ImageManager } from "../images/image-manager.ts";
import type { ProbeManager } from "../probes/probe-manager.ts";
import type { StatusManager } from "../status/status-manager.ts";
import type { VolumeManager } from "../volumes/volume-manager.ts";
import type { CrashBackoff } from "./crash-backoff.ts";
import type { PodEvents } from "./pod-events.ts";
import type { ReferencedObjects } from "./referenced-objects.ts";

export interface NodeServices {
  nodeName: string;
  hostIp: string;
  allocatable: Readonly<Record<string, string>>;
  /** Of container ids in status: `containerd`, `coracle-sim`. */
  runtimeName: string;
  runtime: Runtime;
  host: Host;
  images: ImageManager;
  volumes: VolumeManager;
  probes: ProbeManager;
  events: PodEvents;
  backoff: CrashBackoff;
  references: ReferencedObjects;
  /** Those of the whole cluster, for environment variables. */
  services(): readonly Service[];
  statuses: StatusManager;
  client: Client;
  clock: Clock;
  logger: Logger;
}
