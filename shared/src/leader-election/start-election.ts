// Leader election as a component's main.ts uses it: flags in, and out comes who leads and a client that writes only while it leads.
import { hostname } from "node:os";
import { Client, type ClientConfig } from "../client/client.ts";
import { HttpsTransport } from "../client/https-transport.ts";
import { EventRecorder } from "../controller/event-recorder.ts";
import type { Clock } from "../runtime/clock.ts";
import { parseDuration } from "../runtime/component-flags.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import { fencedTransport } from "./fenced-transport.ts";
import { LeaderElector } from "./leader-elector.ts";
import type { ElectionTiming } from "./lease-election.ts";

/** Upstream's flags and defaults, but for `--leader-elect`: one instance has nobody to agree with, and starts faster without. */
export const leaderElectionFlags = {
  "leader-elect": { type: "boolean", default: false },
  "leader-elect-lease-duration": { type: "string", default: "15s" },
  "leader-elect-renew-deadline": { type: "string", default: "10s" },
  "leader-elect-retry-period": { type: "string", default: "2s" },
  "leader-elect-resource-name": { type: "string" },
  "leader-elect-resource-namespace": { type: "string", default: "kube-system" },
} as const;

export interface LeaderElectionFlags {
  "leader-elect": boolean;
  "leader-elect-lease-duration": string;
  "leader-elect-renew-deadline": string;
  "leader-elect-retry-period": string;
  "leader-elect-resource-name"?: string | undefined;
  "leader-elect-resource-namespace": string;
}

export interface StartElectionOptions {
  flags: LeaderElectionFlags;
  client: ClientConfig;
  /** `kube-scheduler`: names the lease, unless a flag does. */
  component: string;
  /** Names the events' source. */
  eventSource: string;
  clock: Clock;
  random: Random;
  logger: Logger;
}

export interface Election {
  elector: LeaderElector;
  /** For the component's own client: refuses to write while this process does not lead. */
  client: ClientConfig;
  /** Lets the lease go. Call it when the component has stopped. */
  stop(): Promise<void>;
}

const JITTER = 1.2;
const SECOND_MS = 1000;

/** Throws with a message for the user. */
export function electionTiming(flags: LeaderElectionFlags): ElectionTiming {
  const duration = (flag: "lease-duration" | "renew-deadline" | "retry-period") =>
    parseDuration(`leader-elect-${flag}`, flags[`leader-elect-${flag}`]);
  const timing = {
    leaseDurationMs: duration("lease-duration"),
    renewDeadlineMs: duration("renew-deadline"),
    retryPeriodMs: duration("retry-period"),
  };
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = timing;
  if (leaseDurationMs < SECOND_MS) throw new Error("leaseDuration must be at least one second");
  if (leaseDurationMs <= renewDeadlineMs)
    throw new Error("leaseDuration must be greater than renewDeadline");
  if (renewDeadlineMs <= JITTER * retryPeriodMs)
    throw new Error("renewDeadline must be greater than retryPeriod*JitterFactor");
  if (retryPeriodMs < 1) throw new Error("retryPeriod must be greater than zero");
  return timing;
}

/** Undefined when the flags do not ask for it. Throws with a message for the user. */
export function startElection(options: StartElectionOptions): Election | undefined {
  const { flags, component, eventSource, clock, random, logger } = options;
  if (!flags["leader-elect"]) return undefined;
  const timing = electionTiming(flags);
  const client = new Client(
    {
      ...options.client,
      userAgent: `${options.client.userAgent ?? component}/leader-election`,
      // One request that hangs must not cost the lead (upstream: half the renew deadline).
      timeoutMs: Math.max(SECOND_MS, timing.renewDeadlineMs / 2),
    },
    { clock },
  );
  const identity = {
    holder: `${hostname()}_${random.uuid()}`,
    namespace: flags["leader-elect-resource-namespace"],
    name: flags["leader-elect-resource-name"] ?? component,
  };
  const recorder = new EventRecorder({ client, component: eventSource, clock, random, logger });
  const elector = new LeaderElector({ client, recorder, identity, timing, clock, random, logger });
  const transport = new HttpsTransport(options.client.server, options.client);
  return {
    elector,
    client: { ...options.client, transport: fencedTransport(transport, () => elector.isHeld()) },
    async stop() {
      await elector.stop();
      client.close();
    },
  };
}
