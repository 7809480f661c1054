// Tells the API server each Pod's status: only what has changed, the latest only, one request a Pod at a time.
import type { Pod, PodCondition, PodStatus } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { StatusError } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { isOwnedByKubelet } from "./pod-conditions.ts";

interface Entry {
  namespace: string;
  name: string;
  uid: string;
  /** What was set last. */
  status: PodStatus;
  /** What the API server has, as far as is known. */
  told: PodStatus;
  /** The version of the Pod that this made. */
  toldVersion: number;
  /** Set when the Pod is to be removed after its last status has been told. */
  isFinished: boolean;
  isQueued: boolean;
  isSending: boolean;
}

const SENDING_MAX = 48;
const RETRY_MS = 1000;

export interface StatusManagerOptions {
  client: Client;
  clock: Clock;
  logger: Logger;
}

export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #queue: Entry[] = [];
  #sending = 0;
  #isStopped = false;

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.status;
  }

  /** Returns at once. A status equal to the last one costs nothing. */
  set(pod: Pod, status: PodStatus): void {
    const { uid } = pod.metadata;
    let entry = this.#entries.get(uid);
    if (entry === undefined) {
      entry = {
        namespace: pod.metadata.namespace ?? "",
        name: pod.metadata.name,
        uid,
        status,
        told: pod.status,
        toldVersion: Number(pod.metadata.resourceVersion),
        isFinished: false,
        isQueued: false,
        isSending: false,
      };
      this.#entries.set(uid, entry);
    }
    entry.status = status;
    if (statusPatch(entry.told, status) !== undefined) this.#enqueue(entry);
  }

  /**
   * What the API server has now. Others write conditions too: a Pod whose node fell silent is declared unready, and has to be
   * ready again when it turns out that it was so all the time.
   */
  observe({ metadata, status }: Pod): void {
    const entry = this.#entries.get(metadata.uid);
    if (entry === undefined || entry.isSending || entry.isFinished) return;
    if (Number(metadata.resourceVersion) <= entry.toldVersion) return;
    const conditions = status?.conditions ?? [];
    const isOverruled = (entry.status.conditions ?? []).some(
      ({ type, status: own }) =>
        isOwnedByKubelet(type) &&
        conditions.some((condition) => condition.type === type && condition.status !== own),
    );
    if (!isOverruled) return;
    entry.told = { ...entry.told, conditions };
    this.#enqueue(entry);
  }

  /** The Pod is stopped and its deletion was asked for: removes it once its last status is told. */
  finish(pod: Pod, status: PodStatus): void {
    this.set(pod, status);
    const entry = this.#entries.get(pod.metadata.uid) as Entry;
    entry.isFinished = true;
    this.#enqueue(entry);
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  stop(): void {
    this.#isStopped = true;
  }

  #enqueue(entry: Entry): void {
    if (entry.isQueued || entry.isSending) return;
    entry.isQueued = true;
    this.#queue.push(entry);
    this.#pump();
  }

  #pump(): void {
    while (this.#sending < SENDING_MAX && !this.#isStopped) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      entry.isQueued = false;
      if (this.#entries.get(entry.uid) !== entry) continue;
      this.#sending++;
      entry.isSending = true;
      void this.#send(entry).then((retry) => {
        this.#sending--;
        entry.isSending = false;
        if (retry) this.#options.clock.setTimer(RETRY_MS, () => this.#enqueue(entry));
        else if (this.#needsSending(entry)) this.#enqueue(entry);
        this.#pump();
      });
    }
  }

  #needsSending(entry: Entry): boolean {
    if (this.#entries.get(entry.uid) !== entry) return false;
    return entry.isFinished || statusPatch(entry.told, entry.status) !== undefined;
  }

  /** True when it has to be tried again. */
  async #send(entry: Entry): Promise<boolean> {
    const pods = this.#options.client.for("pods");
    const { namespace, name, uid, status } = entry;
    try {
      const patch = statusPatch(entry.told, status);
      if (patch !== undefined) {
        const body = { metadata: { uid }, status: patch };
        const { metadata } = await pods.patch(name, body, { namespace, subresource: "status" });
        entry.told = status;
        entry.toldVersion = Number(metadata.resourceVersion);
      }
      if (entry.isFinished && entry.status === status) {
        await pods.delete(name, { namespace, gracePeriodSeconds: 0, uid });
        this.#entries.delete(uid);
      }
      return false;
    } catch (error) {
      return this.#isWorthRetrying(entry, error);
    }
  }

  #isWorthRetrying(entry: Entry, error: unknown): boolean {
    const object = `pod ${entry.namespace}/${entry.name}`;
    if (error instanceof StatusError) {
      // Gone, or another Pod of the same name: nobody wants this status any more.
      if (error.code === 404 || error.code === 409) {
        this.#entries.delete(entry.uid);
        return false;
      }
      if (error.code < 500 && error.code !== 429) {
        this.#options.logger.error({ object, err: error }, "pod status refused");
        entry.told = entry.status;
        return false;
      }
    }
    this.#options.logger.debug({ object, err: error }, "pod status not told yet");
    return true;
  }
}

/** A strategic merge patch of `status`; undefined when nothing that the kubelet owns differs. */
export function statusPatch(
  old: PodStatus,
  status: PodStatus,
): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  const before = old as Record<string, unknown>;
  for (const [field, value] of Object.entries(status)) {
    if (field === "conditions" || isSame(before[field], value)) continue;
    // Lists that are merged by key have to be replaced whole.
    const isMerged = field === "podIPs" || field === "hostIPs";
    patch[field] =
      isMerged && before[field] !== undefined
        ? [{ $patch: "replace" }, ...(value as unknown[])]
        : value;
  }
  for (const field of ["reason", "message"] as const) {
    if (old[field] !== undefined && status[field] === undefined) patch[field] = null;
  }
  const conditions = changedConditions(old, status);
  if (conditions.length > 0) patch.conditions = conditions;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Conditions are merged by type, so the others' are left alone. */
function changedConditions(old: PodStatus, status: PodStatus): unknown[] {
  const changed: unknown[] = [];
  for (const condition of status.conditions ?? []) {
    if (!isOwnedByKubelet(condition.type)) continue;
    const before = old.conditions?.find(({ type }) => type === condition.type);
    if (before !== undefined && isSameCondition(before, condition)) continue;
    const gone: Record<string, null> = {};
    if (before?.reason && condition.reason === undefined) gone.reason = null;
    if (before?.message && condition.message === undefined) gone.message = null;
    changed.push({ ...condition, ...gone });
  }
  return changed;
}

const isSameCondition = (a: PodCondition, b: PodCondition): boolean =>
  a.status === b.status &&
  a.lastTransitionTime === b.lastTransitionTime &&
  (a.reason ?? "") === (b.reason ?? "") &&
  (a.message ?? "") === (b.message ?? "") &&
  a.observedGeneration === b.observedGeneration;

/** Deep equality; undefined members count as absent. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => isSame(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (!isSame(left[key], right[key])) return false;
  return true;
}
