// The shape of a controller: a declaration of what it reconciles and what wakes it, and one
// `reconcile(key)`.
//
// Reconciliation is driven by level, not by edges: handlers only put keys into a queue, and
// reconcile compares what is wanted with what the caches show, without knowing which event woke it.
// Throwing means: again, later.
import { keyOf, type ResourceName, type ResourceTypes } from "../api/resources.ts";
import type { InformerHandlers } from "../cache/informer.ts";
import type { InformerFactory } from "../cache/informer-factory.ts";
import type { Lister } from "../cache/store.ts";
import type { Client } from "../client/client.ts";
import { ConnectionError } from "../client/transport.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../machinery/status-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import { aborted } from "../runtime/shutdown.ts";
import { WorkQueue } from "../workqueue/work-queue.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { Expectations } from "./expectations.ts";
import { ownedHandlers } from "./owned-handlers.ts";

export interface ControllerDependencies {
  client: Client;
  informers: InformerFactory;
  /** Events of one component of the cluster, e.g. `deployment-controller`. */
  recorderFor(component: string): EventRecorder;
  /** Nothing is reconciled before it resolves: this process stands by, with warm caches. Default: at once. */
  leading?: Promise<void>;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** What a controller works with. */
export interface ControllerContext {
  client: Client;
  /** The cache of a resource that the controller reconciles, owns or watches. */
  lister<N extends ResourceName>(resource: N): Lister<ResourceTypes[N]>;
  expectations: Expectations;
  recorder: EventRecorder;
  clock: Clock;
  random: Random;
  logger: Logger;
  enqueue(key: string): void;
  /** At the latest after so long. */
  enqueueAfter(key: string, delayMs: number): void;
}

export interface Reconciled {
  /** Look at the key again after so long, even if nothing changes. */
  requeueAfterMs?: number;
}

/** Further events that wake a controller. Handlers only enqueue keys. */
export interface ControllerWatch<N extends ResourceName = ResourceName> {
  resource: N;
  handlers(context: ControllerContext): InformerHandlers<ResourceTypes[N]>;
}

export interface ControllerDefinition {
  /** For logs, e.g. `replicaset`. */
  name: string;
  /** The component that its events name. Default `<name>-controller`. */
  component?: string;
  reconciles: ResourceName;
  /**
   * Children, found by their controller reference: their changes wake the owner and settle its
   * expectations.
   */
  owns?: readonly ResourceName[];
  watches?: readonly ControllerWatch[];
  /** How many keys are reconciled at the same time. Default 5, as upstream's controllers. */
  workers?: number;
  reconcile(key: string, context: ControllerContext): Promise<Reconciled | undefined>;
}

export const defineController = (definition: ControllerDefinition): ControllerDefinition =>
  definition;

/** A watch in terms of its own resource, for a definition's table of watches. */
export const watchOf = <N extends ResourceName>(watch: ControllerWatch<N>): ControllerWatch =>
  watch as unknown as ControllerWatch;

const WORKERS = 5;
/**
 * The server is away, not overloaded: it comes back soon, and a missed key would wait for its next
 * event.
 */
const UNREACHABLE_RETRY_MS = 250;

export interface RunningController {
  readonly name: string;
  readonly queue: WorkQueue;
  /** Takes no more keys, and resolves when those in hand are done. */
  stop(): Promise<void>;
}

/**
 * Registers the handlers at once (so that the informers exist before they are started) and works
 * once they are synced.
 */
export function startController(
  definition: ControllerDefinition,
  dependencies: ControllerDependencies,
): RunningController {
  const { name, reconciles, owns = [], watches = [] } = definition;
  const { client, informers, clock, random, recorderFor } = dependencies;
  const logger = dependencies.logger.child({ controller: name });
  const queue = new WorkQueue(clock);
  const context: ControllerContext = {
    client,
    lister: (resource) => informers.for(resource).lister,
    expectations: new Expectations(clock),
    recorder: recorderFor(definition.component ?? `${name}-controller`),
    clock,
    random,
    logger,
    enqueue: (key) => queue.add(key),
    enqueueAfter: (key, delayMs) => queue.addAfter(key, delayMs),
  };
  informers.for(reconciles).addHandlers({
    onAdd: (object) => queue.add(keyOf(object)),
    onUpdate: (_old, object) => queue.add(keyOf(object)),
    onDelete(object) {
      // Another object of this name must not wait for what the old one expected.
      context.expectations.forget(keyOf(object));
      queue.add(keyOf(object));
    },
  });
  for (const resource of owns) {
    informers.for(resource).addHandlers(ownedHandlers(reconciles, context));
  }
  for (const { resource, handlers } of watches) {
    informers.for(resource).addHandlers(handlers(context));
  }
  const needed = [reconciles, ...owns, ...watches.map((watch) => watch.resource)];
  const synced = needed.map((resource) => informers.for(resource).synced);
  const ready = Promise.all([dependencies.leading, ...synced]);
  const stop = startWorkers({
    queue,
    workers: definition.workers ?? WORKERS,
    logger,
    ready,
    process: (key) => definition.reconcile(key, context),
  });
  return { name, queue, stop };
}

export interface WorkerOptions {
  queue: WorkQueue;
  workers: number;
  logger: Logger;
  /** Nothing is taken from the queue before. */
  ready: Promise<unknown>;
  process(key: string): Promise<Reconciled | undefined>;
}

/**
 * Works on the queue until the returned function is called; that resolves when the keys in hand are
 * done.
 */
export function startWorkers(options: WorkerOptions): () => Promise<void> {
  const { queue, ready } = options;
  const stopping = new AbortController();
  const begin = Promise.race([ready, aborted(stopping.signal)]);
  const work = async () => {
    await begin;
    for (;;) {
      const key = await queue.get();
      if (key === undefined) return;
      await processKey(key, options);
    }
  };
  const workers = Array.from({ length: options.workers }, work);
  return async () => {
    queue.shutDown();
    stopping.abort();
    await Promise.all(workers);
  };
}

async function processKey(key: string, { queue, logger, process }: WorkerOptions): Promise<void> {
  try {
    const result = await process(key);
    queue.forget(key);
    if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
  } catch (error) {
    if (error instanceof ConnectionError) {
      logger.debug({ key, err: error }, "reconcile found no server");
      queue.addAfter(key, UNREACHABLE_RETRY_MS);
    } else {
      // The cache was behind the server: it has caught up, most likely, when the key comes again.
      const stale = isConflict(error) || isNotFound(error) || isAlreadyExists(error);
      if (stale) logger.debug({ key, err: error }, "reconcile came too late");
      else logger.warn({ key, err: error }, "reconcile failed");
      queue.addRateLimited(key);
    }
  } finally {
    queue.done(key);
  }
}
