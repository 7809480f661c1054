// Heartbeats of all nodes of this process: each node's Lease every 10 s, its status every 5 min, spread evenly over the interval so
// that a thousand nodes are a steady trickle and not a burst. One timer for all.
import type { Lease } from "@coracle/shared/api/types/coordination-v1";
import type { Node } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { isAlreadyExists, isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import { type Clock, formatMicroTime, type Timer } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";

const LEASE_NAMESPACE = "kube-node-lease";
const LEASE_SECONDS = 40;
const LEASE_MS = 10_000;
const STATUS_MS = 300_000;
const SLOTS = 10;
const SLOT_MS = LEASE_MS / SLOTS;

interface Beating {
  node: Node;
  lease: Lease | undefined;
  updateStatus(): Promise<unknown>;
  statusDueMs: number;
  /** When the Lease was renewed last. */
  renewedMs: number;
  isFailing: boolean;
}

export class Heartbeat {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #slots: Beating[][] = Array.from({ length: SLOTS }, () => []);
  #slot = 0;
  #count = 0;
  #timer: Timer | undefined;

  constructor(client: Client, clock: Clock, logger: Logger) {
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Writes the first Lease, and from then on keeps it fresh. */
  async add(node: Node, updateStatus: () => Promise<unknown>): Promise<void> {
    const nowMs = this.#clock.monotonic();
    // The first statuses are due spread over the interval too.
    const statusDueMs = nowMs + STATUS_MS * (0.5 + (this.#count % 64) / 128);
    const beating: Beating = {
      node,
      lease: undefined,
      updateStatus,
      statusDueMs,
      renewedMs: nowMs,
      isFailing: false,
    };
    this.#slots[this.#count++ % SLOTS]?.push(beating);
    await this.#beat(beating);
    this.#timer ??= this.#clock.setTimer(SLOT_MS, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const slot of this.#slots) slot.length = 0;
  }

  #tick(): void {
    this.#timer = this.#clock.setTimer(SLOT_MS, () => this.#tick());
    for (const beating of this.#slots[this.#slot] ?? []) void this.#beat(beating);
    this.#slot = (this.#slot + 1) % SLOTS;
  }

  async #beat(beating: Beating): Promise<void> {
    const { name } = beating.node.metadata;
    try {
      beating.lease = await this.#renew(beating);
      const nowMs = this.#clock.monotonic();
      // After such a silence the node may have been declared unready.
      const wasSilent = nowMs - beating.renewedMs > LEASE_SECONDS * 1000;
      beating.renewedMs = nowMs;
      if (wasSilent || nowMs >= beating.statusDueMs) {
        beating.statusDueMs = nowMs + STATUS_MS;
        await beating.updateStatus();
      }
      if (beating.isFailing) this.#logger.info({ object: `node ${name}` }, "heartbeat resumed");
      beating.isFailing = false;
    } catch (error) {
      beating.lease = undefined;
      // Said once: the next beats will say nothing until one succeeds.
      if (!beating.isFailing) {
        this.#logger.warn({ object: `node ${name}`, err: error }, "heartbeat failed");
      }
      beating.isFailing = true;
    }
  }

  async #renew({ node, lease }: Beating): Promise<Lease> {
    const leases = this.#client.for("leases.coordination.k8s.io");
    const renewTime = formatMicroTime(this.#clock.now());
    const { name, uid } = node.metadata;
    const spec = { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    if (lease !== undefined) {
      try {
        return await leases.update({ ...lease, spec: { ...lease.spec, ...spec } });
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    }
    try {
      const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid }];
      const metadata = { name, namespace: LEASE_NAMESPACE, ownerReferences };
      return await leases.create({ metadata, spec });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const existing = await leases.get(name, LEASE_NAMESPACE);
    return leases.update({ ...existing, spec: { ...existing.spec, ...spec } });
  }
}
