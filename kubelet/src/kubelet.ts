// The kubelet: hosts any number of nodes in one process. One informer over all bound Pods feeds a worker per Pod; each node has a runtime
// of its own behind the CRI contract. Nothing here knows what the runtime is.
import type { ContainerImage, Pod, Service } from "@coracle/shared/api/types/core-v1";
import { Informer } from "@coracle/shared/cache/informer";
import type { Client } from "@coracle/shared/client/client";
import { ConnectionError } from "@coracle/shared/client/transport";
import { Backoff } from "@coracle/shared/runtime/backoff";
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Random } from "@coracle/shared/runtime/random";
import { Heartbeat } from "./node/heartbeat.ts";
import { NodeAgent, type NodeMachine } from "./node/node-agent.ts";
import type { NodeFacts } from "./node/node-object.ts";
import { NodeRegistration } from "./node/node-registration.ts";
import { EventBudget } from "./pods/pod-events.ts";
import { ReferencedObjects } from "./pods/referenced-objects.ts";
import { StatusManager } from "./status/status-manager.ts";

export interface KubeletConfig {
  nodes: readonly NodeFacts[];
}

export interface KubeletDependencies {
  client: Client;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** Opens the machine of a node. */
  openMachine(facts: NodeFacts): NodeMachine;
}

export interface Kubelet {
  nodes: ReadonlyMap<string, NodeAgent>;
  /** Resolves when every node has been registered. */
  registered: Promise<void>;
  stop(): Promise<void>;
}

const REGISTERING_MAX = 32;
const VOLUME_REFRESH_MS = 60_000;
const FLUSH_MS_MAX = 2000;

export function start(config: KubeletConfig, dependencies: KubeletDependencies): Kubelet {
  const { client, clock, random, logger } = dependencies;
  const controller = new AbortController();
  const { signal } = controller;
  const informerOptions = { client, clock, random, logger };
  const pods = new Informer<Pod>({
    ...informerOptions,
    resource: "pods",
    fieldSelector: "spec.nodeName!=",
  });
  const services = new Informer<Service>({ ...informerOptions, resource: "services" });
  const statuses = new StatusManager({ client, clock, logger });
  const references = new ReferencedObjects(client, clock);
  const shared = {
    ...informerOptions,
    statuses,
    references,
    eventBudget: new EventBudget(clock),
    services: () => services.lister.list(),
  };
  const nodes = new Map(
    config.nodes.map((facts) => [
      facts.name,
      new NodeAgent(facts, dependencies.openMachine(facts), shared),
    ]),
  );
  const heartbeat = new Heartbeat(client, clock, logger);
  const registered = registerAll([...nodes.values()], { ...dependencies, heartbeat, signal });
  dispatch(pods, nodes);
  services.start(signal);
  pods.start(signal);
  void pods.synced.then(async () => {
    for (const node of nodes.values()) await node.removeOrphans();
  });
  const stopRefreshing = refreshVolumes(nodes, references, clock);
  return {
    nodes,
    registered,
    async stop() {
      controller.abort();
      heartbeat.stop();
      statuses.stop();
      stopRefreshing();
      for (const node of nodes.values()) node.stop();
      const flushed = Promise.all([...nodes.values()].map(({ recorder }) => recorder.flush()));
      await Promise.race([flushed, clock.sleep(FLUSH_MS_MAX)]);
    },
  };
}

/** A Pod of a node that is not ours is left alone. */
function dispatch(pods: Informer<Pod>, nodes: ReadonlyMap<string, NodeAgent>): void {
  const nodeOf = (pod: Pod) => nodes.get(pod.spec.nodeName ?? "");
  pods.addHandlers({
    onAdd: (pod) => nodeOf(pod)?.put(pod),
    onUpdate: (_old, pod) => nodeOf(pod)?.put(pod),
    onDelete: (pod) => nodeOf(pod)?.remove(pod),
  });
}

async function registerAll(
  agents: NodeAgent[],
  context: KubeletDependencies & { heartbeat: Heartbeat; signal: AbortSignal },
): Promise<void> {
  const waiting = [...agents];
  const lane = async () => {
    for (let agent = waiting.shift(); agent !== undefined; agent = waiting.shift()) {
      await register(agent, context);
    }
  };
  await Promise.all(Array.from({ length: REGISTERING_MAX }, lane));
}

/** Tries until it succeeds or the kubelet stops. */
async function register(
  agent: NodeAgent,
  {
    client,
    clock,
    random,
    logger,
    heartbeat,
    signal,
  }: KubeletDependencies & { heartbeat: Heartbeat; signal: AbortSignal },
): Promise<void> {
  const registration = new NodeRegistration(agent.facts, client, clock);
  const object = `node ${agent.facts.name}`;
  const backoff = new Backoff({ startMs: 100, maxMs: 5000 }, random);
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      const node = await registration.register();
      logger.info({ object, podCidr: agent.facts.podCidr }, "node registered");
      await heartbeat.add(node, async () => registration.updateStatus(await imagesOf(agent)));
      return;
    } catch (error) {
      // At a cold start the API server is not there yet.
      const level = tries > 1 || error instanceof ConnectionError ? "debug" : "warn";
      logger[level]({ object, err: error }, "node not registered yet");
      await clock.sleep(backoff.next(), signal);
    }
  }
}

const IMAGES_MAX = 50;

async function imagesOf({ services: { runtime } }: NodeAgent): Promise<ContainerImage[]> {
  const images = await runtime.listImages();
  return images
    .map(({ repoDigests, repoTags, sizeBytes }) => ({
      names: [...repoDigests, ...repoTags],
      sizeBytes,
    }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, IMAGES_MAX);
}

function refreshVolumes(
  nodes: ReadonlyMap<string, NodeAgent>,
  references: ReferencedObjects,
  clock: Clock,
): () => void {
  let timer: Timer;
  const schedule = () => {
    timer = clock.setTimer(VOLUME_REFRESH_MS, () => {
      references.expire();
      void Promise.all([...nodes.values()].map((node) => node.refreshVolumes())).then(schedule);
    });
  };
  schedule();
  return () => timer.cancel();
}
