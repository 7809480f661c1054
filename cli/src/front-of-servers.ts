// The front of `coracle up --apiservers`: asks each API server's /readyz, and says what changes.
import type { Clock } from "@coracle/shared/runtime/clock";
import { ApiProbe, type ProbeTarget } from "./api-probe.ts";
import { type BackendState, type ServerFront, startServerFront } from "./server-front.ts";

export interface FrontOptions {
  port: number;
  targets: readonly ProbeTarget[];
  clock: Clock;
  say(message: string, level?: "info" | "warn"): void;
}

const ANSWER_MS_MAX = 3000;

/** Resolves when it listens; rejects when the port is taken. */
export async function startFront({
  port,
  targets,
  clock,
  say,
}: FrontOptions): Promise<ServerFront> {
  const probes = new Map(
    targets.map((target) => [target.port, new ApiProbe(target, ANSWER_MS_MAX)]),
  );
  const check = async (backend: number): Promise<BackendState> => {
    const answer = await (probes.get(backend) as ApiProbe).readiness();
    if (answer === "ok") return "ready";
    return answer.startsWith("status ") ? "unready" : "silent";
  };
  const left = new Set<number>();
  let isServing = false;
  const front = await startServerFront({
    host: (targets[0] as ProbeTarget).host,
    port,
    backends: targets.map((target) => target.port),
    check,
    clock,
    onChange(backend, state) {
      if (state === "ready") {
        isServing = true;
        if (left.delete(backend)) say(`connections go to the API server on port ${backend} again`);
      } else if (isServing && !left.has(backend)) {
        // While they start, none is ready, and that is said elsewhere.
        left.add(backend);
        say(`no connections go to the API server on port ${backend}: it is ${state}`, "warn");
      }
    },
  });
  return {
    async close() {
      await front.close();
      for (const probe of probes.values()) probe.close();
    },
  };
}
