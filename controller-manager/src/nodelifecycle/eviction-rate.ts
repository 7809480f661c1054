// How fast the Pods of unready nodes may be evicted: when most nodes are unready, it is more likely that the control plane is cut
// off (upstream: handleDisruption, with all nodes as one zone).
import type { Node } from "@coracle/shared/api/types/core-v1";
import { readinessOf } from "./health.ts";

const INTERVAL_MS = 10_000;
const SLOW_INTERVAL_MS = 100_000;
const UNHEALTHY_SHARE = 0.55;
const LARGE = 50;

/** Time between two nodes; undefined: none at all. */
export function evictionIntervalMs(nodes: readonly Node[]): number | undefined {
  const unready = nodes.filter((node) => readinessOf(node) !== "True").length;
  if (unready === nodes.length) return undefined;
  if (unready <= 2 || unready / nodes.length < UNHEALTHY_SHARE) return INTERVAL_MS;
  return nodes.length > LARGE ? SLOW_INTERVAL_MS : undefined;
}

export class EvictionRate {
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Time until another node's turn comes; 0: now, and this is it. */
  take(intervalMs: number, nowMs: number): number {
    const wait = this.#lastMs + intervalMs - nowMs;
    if (wait > 0) return wait;
    this.#lastMs = nowMs;
    return 0;
  }
}
