// One informer a resource and process, shared by all who ask for it.
import { setMaxListeners } from "node:events";
import type { ResourceName, ResourceTypes } from "../api/resources.ts";
import type { Client } from "../client/client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import { Informer } from "./informer.ts";
import type { Indexers } from "./store.ts";

export interface InformerFactoryOptions {
  client: Client;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** Indices by resource: they have to be known before the informer is made. */
  indexers?: { [N in ResourceName]?: Indexers<ResourceTypes[N]> };
}

export class InformerFactory {
  readonly #options: InformerFactoryOptions;
  readonly #informers = new Map<ResourceName, Informer<ResourceTypes[ResourceName]>>();

  constructor(options: InformerFactoryOptions) {
    this.#options = options;
  }

  for<N extends ResourceName>(resource: N): Informer<ResourceTypes[N]> {
    let informer = this.#informers.get(resource);
    if (informer === undefined) {
      const { indexers, ...dependencies } = this.#options;
      const own = indexers?.[resource] as Indexers<ResourceTypes[ResourceName]> | undefined;
      informer = new Informer({ ...dependencies, resource, indexers: own });
      this.#informers.set(resource, informer);
    }
    return informer as unknown as Informer<ResourceTypes[N]>;
  }

  start(signal: AbortSignal): void {
    setMaxListeners(0, signal); // each informer's watch listens to it: that is no leak
    for (const informer of this.#informers.values()) informer.start(signal);
  }

  /** Resolves when every informer asked for so far has its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }
}
