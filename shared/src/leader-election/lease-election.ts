// Which of several processes leads, decided by one Lease (upstream: client-go tools/leaderelection). This is the state machine: it
// knows what was last seen of the lease and when, and says what to write; leader-elector.ts asks and writes.
//
// Clocks of different machines are never compared. A candidate waits a whole lease duration, on its own monotonic clock, from when
// it saw the lease change; a leader counts from when it sent its last renewal, which was earlier. So the leader stops being sure
// before any candidate may take over.
import type { Draft } from "../api/resources.ts";
import type { Lease, LeaseSpec } from "../api/types/coordination-v1.ts";
import { formatMicroTime } from "../runtime/clock.ts";

export interface ElectionTiming {
  /** How long a candidate waits for a leader that is not heard of. Written to the lease in whole seconds. */
  leaseDurationMs: number;
  /** A leader that could not renew for so long gives up. */
  renewDeadlineMs: number;
  /** Between two tries. */
  retryPeriodMs: number;
}

export interface ElectionIdentity {
  /** `<host name>_<uuid>`. */
  holder: string;
  namespace: string;
  name: string;
}

/** One moment on both clocks. */
export interface Moment {
  epochMs: number;
  monotonicMs: number;
}

/** What to write: `update` names the version that it replaces. */
export type LeaseWrite = { verb: "create"; lease: Draft<Lease> } | { verb: "update"; lease: Lease };

export class LeaseElection {
  readonly #identity: ElectionIdentity;
  readonly #leaseDurationSeconds: number;
  /** As last read or written, by anybody. */
  #lease: Lease | undefined;
  /** When the record last changed, in the eyes of this process. */
  #observedMs = 0;
  /** When the last write that succeeded was sent. */
  #renewedMs = Number.NEGATIVE_INFINITY;

  constructor(identity: ElectionIdentity, timing: ElectionTiming) {
    this.#identity = identity;
    this.#leaseDurationSeconds = Math.floor(timing.leaseDurationMs / 1000);
  }

  /** "" = nobody, or not known yet. */
  get holder(): string {
    return this.#lease?.spec.holderIdentity ?? "";
  }

  /** The lease as last seen; for events about it. */
  get lease(): Lease | undefined {
    return this.#lease;
  }

  get isLeader(): boolean {
    return this.holder === this.#identity.holder;
  }

  /** Leads, and nobody can have taken over by now. */
  isHeld(monotonicMs: number): boolean {
    return this.isLeader && monotonicMs < this.#renewedMs + this.#leaseDurationSeconds * 1000;
  }

  /** How long the present record still keeps candidates away; 0 when it does not. */
  validForMs(monotonicMs: number): number {
    if (this.holder === "") return 0;
    const seconds = this.#lease?.spec.leaseDurationSeconds ?? 0;
    return Math.max(0, this.#observedMs + seconds * 1000 - monotonicMs);
  }

  /** A leader's short way: renew what it wrote last, unread. Undefined when the lease has to be read first. */
  renewal(at: Moment): LeaseWrite | undefined {
    if (this.#lease === undefined || !this.isLeader) return undefined;
    return this.validForMs(at.monotonicMs) > 0 ? this.#update(this.#lease, at) : undefined;
  }

  /** What to write after `found` was read (undefined: there is no lease); undefined when another process holds it. */
  claim(found: Lease | undefined, at: Moment): LeaseWrite | undefined {
    if (found === undefined) {
      const { namespace, name } = this.#identity;
      const spec = this.#spec(at, formatMicroTime(at.epochMs), 0);
      return { verb: "create", lease: { metadata: { namespace, name }, spec } };
    }
    this.observe(found, at.monotonicMs);
    if (!this.isLeader && this.validForMs(at.monotonicMs) > 0) return undefined;
    return this.#update(this.#lease ?? found, at);
  }

  /** A write of ours that was sent at `sent` has succeeded, and made `lease`. */
  written(lease: Lease, sent: Moment, monotonicMs: number): void {
    this.#lease = lease;
    this.#observedMs = monotonicMs;
    this.#renewedMs = sent.monotonicMs;
  }

  /** The lease was seen, by a read or a watch. One older than what is known says nothing. */
  observe(lease: Lease, monotonicMs: number): void {
    const known = this.#lease;
    const isSame = known?.metadata.uid === lease.metadata.uid;
    if (isSame && versionOf(lease) <= versionOf(known)) return;
    if (!isSame || !isSameRecord(lease.spec, known.spec)) this.#observedMs = monotonicMs;
    this.#lease = lease;
  }

  /** Gives the lease up, so that nobody has to wait for its end. Undefined when it is not ours. */
  release(found: Lease, at: Moment): LeaseWrite | undefined {
    this.observe(found, at.monotonicMs);
    if (!this.isLeader) return undefined;
    const time = formatMicroTime(at.epochMs);
    const spec: LeaseSpec = {
      holderIdentity: "",
      leaseDurationSeconds: 1,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: found.spec.leaseTransitions ?? 0,
    };
    return { verb: "update", lease: { ...found, spec } };
  }

  #update(lease: Lease, at: Moment): LeaseWrite {
    const { acquireTime, leaseTransitions = 0 } = lease.spec;
    const spec = this.isLeader
      ? this.#spec(at, acquireTime, leaseTransitions)
      : this.#spec(at, formatMicroTime(at.epochMs), leaseTransitions + 1);
    return { verb: "update", lease: { ...lease, spec } };
  }

  #spec(at: Moment, acquireTime: string | undefined, leaseTransitions: number): LeaseSpec {
    return {
      holderIdentity: this.#identity.holder,
      leaseDurationSeconds: this.#leaseDurationSeconds,
      acquireTime,
      renewTime: formatMicroTime(at.epochMs),
      leaseTransitions,
    };
  }
}

const versionOf = ({ metadata }: Lease): number => Number(metadata.resourceVersion);

function isSameRecord(a: LeaseSpec, b: LeaseSpec): boolean {
  return (
    a.holderIdentity === b.holderIdentity &&
    a.leaseDurationSeconds === b.leaseDurationSeconds &&
    a.acquireTime === b.acquireTime &&
    a.renewTime === b.renewTime &&
    a.leaseTransitions === b.leaseTransitions
  );
}
