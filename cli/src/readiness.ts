// Waits until the API server says that it is ready, every node is, and Pods can be created.
import type { Clock } from "@coracle/shared/runtime/clock";
import { ApiProbe, type ProbeTarget } from "./api-probe.ts";
import { accepts } from "./ports.ts";

export interface ReadinessOptions {
  /** All API servers; the first one is asked about the rest. */
  targets: readonly [ProbeTarget, ...ProbeTarget[]];
  /** How many nodes must be Ready. */
  nodes: number;
  /** Whether controllers run, which make the default service account. */
  hasControllers: boolean;
  /** Whether no component is on its way down. */
  isSteady(): boolean;
  clock: Clock;
  signal: AbortSignal;
  onServing(): void;
  /** What it waits for, when that takes long. */
  onProgress(message: string): void;
}

const POLL_MS = 10;
/** When something takes this long, say what is missing, and again after as long. */
const PATIENCE_MS = 5_000;

/** False when the signal came first. `onServing` is called when the API server is ready and more is waited for. */
export async function waitUntilReady(options: ReadinessOptions): Promise<boolean> {
  const { clock, signal, onProgress, nodes, targets } = options;
  const servers = targets.map((target) => ({ ...target, probe: new ApiProbe(target) }));
  const [{ probe }] = servers as [(typeof servers)[number]];
  const poll = async (missing: () => Promise<string | undefined>): Promise<boolean> => {
    let patientUntil = clock.monotonic() + PATIENCE_MS;
    while (!signal.aborted) {
      const text = await missing();
      if (text === undefined) return true;
      if (clock.monotonic() > patientUntil) {
        onProgress(`still waiting: ${text}`);
        patientUntil += PATIENCE_MS;
      }
      await clock.sleep(POLL_MS, signal);
    }
    return false;
  };
  try {
    for (const { host, port, probe: own } of servers) {
      const isServing = await poll(async () => {
        if (!(await accepts(port, host))) return `nothing listens on ${host}:${port}`;
        const answer = await own.readiness();
        return answer === "ok" ? undefined : `the API server is not ready (${answer})`;
      });
      if (!isServing) return false;
    }
    if (nodes > 0 || options.hasControllers) options.onServing();
    return await poll(async () => {
      const ready = nodes === 0 ? 0 : ((await probe.nodes())?.ready.length ?? 0);
      if (ready < nodes) return `${ready} of ${nodes} nodes are ready`;
      if (options.hasControllers && !(await probe.hasDefaultServiceAccount())) {
        return "the default service account is missing";
      }
      return options.isSteady() ? undefined : "a component has ended";
    });
  } finally {
    for (const server of servers) server.probe.close();
  }
}
