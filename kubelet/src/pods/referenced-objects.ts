// ConfigMaps and Secrets that Pods refer to, fetched when first needed and kept for a minute (upstream's TTL-based managers).
import type { ConfigMap, Secret } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import type { Clock } from "@coracle/shared/runtime/clock";

interface Kept {
  object: Promise<ConfigMap | Secret>;
  untilMs: number;
}

const KEPT_MS = 60_000;

export class ReferencedObjects {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Throws StatusError; NotFound has upstream's text (`configmap "x" not found`). */
  configMap(namespace: string, name: string): Promise<ConfigMap> {
    return this.#get("configmaps", namespace, name) as Promise<ConfigMap>;
  }

  secret(namespace: string, name: string): Promise<Secret> {
    return this.#get("secrets", namespace, name) as Promise<Secret>;
  }

  /** What is fetched from now on is fresh. */
  expire(): void {
    this.#kept.clear();
  }

  #get(
    resource: "configmaps" | "secrets",
    namespace: string,
    name: string,
  ): Promise<ConfigMap | Secret> {
    const key = `${resource}/${namespace}/${name}`;
    const nowMs = this.#clock.monotonic();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.object;
    const object: Promise<ConfigMap | Secret> = this.#client.for(resource).get(name, namespace);
    this.#kept.set(key, { object, untilMs: nowMs + KEPT_MS });
    // A failure is not kept: the next try asks again.
    object.catch(() => {
      if (this.#kept.get(key)?.object === object) this.#kept.delete(key);
    });
    return object;
  }
}

/** Kubelet's own words for a reference that is not there: the kind in the singular. */
export function referenceError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^configmaps "/, 'configmap "').replace(/^secrets "/, 'secret "');
}
