// Pods that wait for a node. Active ones are tried now, highest priority first; backing-off ones after their time;
// unschedulable ones when something happened in the cluster that may have made room (upstream: PriorityQueue).
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { ClusterEvent } from "./framework.ts";
import type { PodFacts } from "./pod-facts.ts";

export interface QueuedPod {
  facts: PodFacts;
  /** Failed attempts so far. */
  attempts: number;
  /** Monotonic: since when it is in the queue, which orders equals. */
  enqueuedAt: number;
  /** Monotonic: not before it. */
  notBefore: number;
  /** Events that are worth another try; empty = any. */
  retryOn: ReadonlySet<ClusterEvent>;
  /** The message of the last failure, told once. */
  message: string;
}

const BACKOFF_MS_FIRST = 1_000;
const BACKOFF_MS_MAX = 10_000;
/** However quiet the cluster is, nobody waits longer without another try. */
const UNSCHEDULABLE_MS_MAX = 300_000;

export function backoffMs(attempts: number): number {
  return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** Math.max(0, attempts - 1));
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #onActive: () => void;
  readonly #active: QueuedPod[] = [];
  /** What counts of the heap: an entry that is not in here was removed and is skipped. */
  readonly #activeByUid = new Map<string, QueuedPod>();
  readonly #backoff = new Map<string, QueuedPod>();
  readonly #unschedulable = new Map<string, QueuedPod>();
  #timer: Timer | undefined;
  #sweep: Timer | undefined;

  /** `onActive` is called when a Pod has become ready to be tried. */
  constructor(clock: Clock, onActive: () => void) {
    this.#clock = clock;
    this.#onActive = onActive;
  }

  get activeCount(): number {
    return this.#activeByUid.size;
  }

  get waitingCount(): number {
    return this.#backoff.size + this.#unschedulable.size;
  }

  /** A new Pod, or one whose spec changed: it is tried at once. */
  add(facts: PodFacts): void {
    const known = this.#unschedulable.get(facts.uid) ?? this.#backoff.get(facts.uid);
    this.#unschedulable.delete(facts.uid);
    this.#backoff.delete(facts.uid);
    const now = this.#clock.monotonic();
    this.#activate({
      facts,
      attempts: known?.attempts ?? 0,
      enqueuedAt: known?.enqueuedAt ?? now,
      notBefore: now,
      retryOn: new Set(),
      message: known?.message ?? "",
    });
  }

  /** The Pod with what a status update changed; it keeps its place. */
  refresh(facts: PodFacts): void {
    const waiting = this.#unschedulable.get(facts.uid) ?? this.#backoff.get(facts.uid);
    if (waiting !== undefined) waiting.facts = facts;
  }

  has(uid: string): boolean {
    return this.#activeByUid.has(uid) || this.#backoff.has(uid) || this.#unschedulable.has(uid);
  }

  remove(uid: string): void {
    this.#activeByUid.delete(uid);
    this.#backoff.delete(uid);
    this.#unschedulable.delete(uid);
  }

  pop(): QueuedPod | undefined {
    for (;;) {
      const next = popHeap(this.#active);
      if (next === undefined) return undefined;
      const { uid } = next.facts;
      if (this.#activeByUid.get(uid) !== next) continue;
      this.#activeByUid.delete(uid);
      return next;
    }
  }

  /** It did not fit: it waits for one of `retryOn`. */
  putUnschedulable(queued: QueuedPod, retryOn: ReadonlySet<ClusterEvent>): void {
    this.#failed(queued);
    queued.retryOn = retryOn;
    this.#unschedulable.set(queued.facts.uid, queued);
    this.#sweep ??= this.#clock.setTimer(UNSCHEDULABLE_MS_MAX, () => this.#sweepUnschedulable());
  }

  /** Something else went wrong: again after its back-off. */
  putBackoff(queued: QueuedPod): void {
    this.#failed(queued);
    this.#backoff.set(queued.facts.uid, queued);
    this.#arm();
  }

  /** Lets every Pod go on for which `event` may have changed something. */
  onClusterEvent(event: ClusterEvent): void {
    if (this.#unschedulable.size === 0) return;
    for (const [uid, queued] of this.#unschedulable) {
      if (queued.retryOn.size > 0 && !queued.retryOn.has(event)) continue;
      this.#unschedulable.delete(uid);
      this.#release(queued);
    }
    this.#arm();
  }

  close(): void {
    this.#timer?.cancel();
    this.#sweep?.cancel();
  }

  #failed(queued: QueuedPod): void {
    queued.attempts++;
    queued.notBefore = this.#clock.monotonic() + backoffMs(queued.attempts);
  }

  #release(queued: QueuedPod): void {
    if (queued.notBefore <= this.#clock.monotonic()) this.#activate(queued);
    else this.#backoff.set(queued.facts.uid, queued);
  }

  #activate(queued: QueuedPod): void {
    const { uid } = queued.facts;
    const known = this.#activeByUid.get(uid);
    if (known !== undefined) {
      known.facts = queued.facts;
      return;
    }
    this.#activeByUid.set(uid, queued);
    pushHeap(this.#active, queued);
    this.#onActive();
  }

  /** One timer for the Pod whose back-off ends first. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    let first = Number.POSITIVE_INFINITY;
    for (const { notBefore } of this.#backoff.values()) first = Math.min(first, notBefore);
    if (first === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, first - this.#clock.monotonic());
    this.#timer = this.#clock.setTimer(delayMs, () => {
      const now = this.#clock.monotonic();
      for (const [uid, queued] of this.#backoff) {
        if (queued.notBefore > now) continue;
        this.#backoff.delete(uid);
        this.#activate(queued);
      }
      this.#arm();
    });
  }

  #sweepUnschedulable(): void {
    this.#sweep = undefined;
    for (const [uid, queued] of this.#unschedulable) {
      this.#unschedulable.delete(uid);
      this.#release(queued);
    }
    this.#arm();
  }
}

function isBefore(a: QueuedPod, b: QueuedPod): boolean {
  return a.facts.priority === b.facts.priority
    ? a.enqueuedAt < b.enqueuedAt
    : a.facts.priority > b.facts.priority;
}

function pushHeap(heap: QueuedPod[], queued: QueuedPod): void {
  let at = heap.push(queued) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(queued, heap[parent] as QueuedPod)) break;
    heap[at] = heap[parent] as QueuedPod;
    at = parent;
  }
  heap[at] = queued;
}

function popHeap(heap: QueuedPod[]): QueuedPod | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (
      child + 1 < heap.length &&
      isBefore(heap[child + 1] as QueuedPod, heap[child] as QueuedPod)
    ) {
      child++;
    }
    if (!isBefore(heap[child] as QueuedPod, last)) break;
    heap[at] = heap[child] as QueuedPod;
    at = child;
  }
  heap[at] = last;
  return first;
}
