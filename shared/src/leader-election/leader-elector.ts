// Takes part in an election for as long as the process runs: tries to get the lease, renews it, gives it up. What is decided stands in
// lease-election.ts. As upstream, who has lost the lease does not try again: the process has to end.
//
// A candidate watches the lease besides asking for it now and then, so that it starts to count when the leader renews, not when it
// asks next, and takes over at once when the leader lets go.
import type { Lease } from "../api/types/coordination-v1.ts";
import { Informer } from "../cache/informer.ts";
import type { Client } from "../client/client.ts";
import type { EventRecorder } from "../controller/event-recorder.ts";
import { isNotFound } from "../machinery/status-error.ts";
import { Backoff } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";
import { aborted } from "../runtime/shutdown.ts";
import {
  type ElectionIdentity,
  type ElectionTiming,
  LeaseElection,
  type LeaseWrite,
  type Moment,
} from "./lease-election.ts";

export interface LeaderElectorOptions {
  /** Its requests must not wait behind the component's own, and must fail well before the renew deadline. */
  client: Client;
  recorder: EventRecorder;
  identity: ElectionIdentity;
  timing: ElectionTiming;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** Upstream's: a candidate waits one to 2.2 retry periods. */
const JITTER = 1.2;
/** A server that is still starting is asked again soon, so that the first leader is there when it is. */
const FAILED_RETRY_MS_MIN = 50;
const RESOURCE = "leases.coordination.k8s.io";
/** Giving the lease up is a courtesy: a stop does not wait longer for it. */
const RELEASE_MS_MAX = 2000;

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #election: LeaseElection;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #lead: () => void = () => {};
  #lose: () => void = () => {};
  /** Ends a candidate's wait. */
  #endWait: () => void = () => {};
  #isWoken = false;
  #hasLost = false;
  #reported = "";

  /** Resolves when this process leads; never, if it does not come to that. */
  readonly leading: Promise<void>;
  /** Resolves when this process has led and does not any more, unless it was stopped. */
  readonly lost: Promise<void>;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#election = new LeaseElection(options.identity, options.timing);
    this.leading = new Promise((resolve) => {
      this.#lead = resolve;
    });
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Leads for certain: no other process can have taken over yet. */
  isHeld(): boolean {
    return !this.#hasLost && this.#election.isHeld(this.#options.clock.monotonic());
  }

  /** Call it when the work that the lease guards has ended. Lets the lease go, if it can be done quickly. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    if (this.#hasLost || !this.#election.isLeader) return;
    this.#record("stopped leading");
    const { clock, recorder } = this.#options;
    const released = Promise.all([this.#release(), recorder.flush()]);
    await Promise.race([released, clock.sleep(RELEASE_MS_MAX)]);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    if (!(await this.#acquire(signal))) return;
    this.#record("became leader");
    logger.info(this.#fields(), "became leader");
    this.#lead();
    await this.#renew(signal);
    if (signal.aborted) return;
    this.#hasLost = true;
    this.#lose();
  }

  /** Until this process leads; false when the signal comes first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random, timing } = this.#options;
    const acquired = new AbortController();
    const failed = new Backoff(
      { startMs: FAILED_RETRY_MS_MIN, maxMs: timing.retryPeriodMs, jitter: JITTER },
      random,
    );
    let isFollowing = false;
    try {
      while (!signal.aborted) {
        const outcome = await this.#try(signal);
        if (outcome === "leads") return true;
        this.#reportLeader();
        if (outcome === "follows") {
          failed.reset();
          if (!isFollowing) this.#follow(acquired.signal);
          isFollowing = true;
        }
        const usualMs = timing.retryPeriodMs * (1 + JITTER * random.next());
        const retryMs = outcome === "failed" ? failed.next() : usualMs;
        // The end of the lease is not to be slept through. It may have come since it was looked at.
        const validMs = this.#election.validForMs(clock.monotonic());
        const untilEndMs = outcome === "follows" || validMs > 0 ? validMs + 1 : retryMs;
        await this.#wait(Math.min(retryMs, untilEndMs));
      }
      return false;
    } finally {
      acquired.abort();
    }
  }

  /** While it can be renewed in time. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, timing } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(timing.retryPeriodMs, signal);
      if (signal.aborted || !(await this.#renewOnce(signal))) return;
    }
  }

  /** Tries until the deadline. False when that has passed, or somebody else leads. */
  async #renewOnce(stopping: AbortSignal): Promise<boolean> {
    const { clock, timing } = this.#options;
    const ending = new AbortController();
    const { signal } = ending;
    const end = () => ending.abort();
    const deadline = clock.setTimer(timing.renewDeadlineMs, end);
    stopping.addEventListener("abort", end, { once: true });
    try {
      while (!signal.aborted) {
        const outcome = await Promise.race([this.#try(signal), aborted(signal)]);
        if (outcome === "leads") return true;
        if (outcome === "follows") return false;
        await clock.sleep(timing.retryPeriodMs, signal);
      }
      return stopping.aborted;
    } finally {
      deadline.cancel();
      stopping.removeEventListener("abort", end);
    }
  }

  /** One try to get or to keep the lease. Never rejects. */
  async #try(signal: AbortSignal): Promise<"leads" | "follows" | "failed"> {
    try {
      const renewal = this.#election.renewal(this.#now());
      if (renewal !== undefined && (await this.#writeOrNot(renewal))) return "leads";
      const at = this.#now();
      const claim = this.#election.claim(await this.#read(), at);
      if (claim === undefined) return "follows";
      await this.#write(claim);
      return "leads";
    } catch (error) {
      if (!signal.aborted) {
        this.#options.logger.debug({ ...this.#fields(), err: error }, "lease not written");
      }
      return "failed";
    }
  }

  /** A renewal that fails, whatever the reason, is tried anew from what the server has. */
  async #writeOrNot(write: LeaseWrite): Promise<boolean> {
    try {
      await this.#write(write);
      return true;
    } catch (error) {
      this.#options.logger.debug({ ...this.#fields(), err: error }, "lease has to be read");
      return false;
    }
  }

  async #write({ verb, lease }: LeaseWrite): Promise<void> {
    const { client, clock } = this.#options;
    const sent = this.#now();
    const leases = client.for(RESOURCE);
    const written = verb === "create" ? await leases.create(lease) : await leases.update(lease);
    this.#election.written(written, sent, clock.monotonic());
  }

  async #read(): Promise<Lease | undefined> {
    const { client, identity } = this.#options;
    try {
      return await client.for(RESOURCE).get(identity.name, identity.namespace);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Sees the lease change as it happens. Polling goes on, in case it may not be watched. */
  #follow(signal: AbortSignal): void {
    const { client, clock, identity } = this.#options;
    const see = (lease: Lease) => {
      if (signal.aborted) return;
      this.#election.observe(lease, clock.monotonic());
      if (this.#election.holder === "") this.#wake();
    };
    const informer = new Informer<Lease>({
      ...this.#options,
      client,
      resource: RESOURCE,
      namespace: identity.namespace,
      fieldSelector: `metadata.name=${identity.name}`,
    });
    informer.addHandlers({
      onAdd: see,
      onUpdate: (_old, lease) => see(lease),
      onDelete: () => this.#wake(),
    });
    informer.start(signal);
  }

  async #wait(delayMs: number): Promise<void> {
    const waiting = new AbortController();
    this.#endWait = () => waiting.abort();
    if (!this.#isWoken) await this.#options.clock.sleep(delayMs, waiting.signal);
    this.#isWoken = false;
  }

  /** There is something new: a wait ends, or the next one does not begin. */
  #wake(): void {
    this.#isWoken = true;
    this.#endWait();
  }

  async #release(): Promise<void> {
    const { client, identity, logger } = this.#options;
    try {
      const found = await client.for(RESOURCE).get(identity.name, identity.namespace);
      const release = this.#election.release(found, this.#now());
      if (release === undefined) return;
      await client.for(RESOURCE).update(release.lease as Lease);
      logger.info(this.#fields(), "gave up the lead");
    } catch (error) {
      logger.warn({ ...this.#fields(), err: error }, "lease not given up");
    }
  }

  #reportLeader(): void {
    const { holder } = this.#election;
    if (holder === this.#reported || holder === "") return;
    this.#reported = holder;
    this.#options.logger.info({ ...this.#fields(), leader: holder }, "standing by");
  }

  #record(what: string): void {
    const { recorder, identity } = this.#options;
    const lease = this.#election.lease as Lease;
    const subject = { ...lease, kind: "Lease", apiVersion: "coordination.k8s.io/v1" };
    recorder.event(subject, "Normal", "LeaderElection", `${identity.holder} ${what}`);
  }

  #fields() {
    const { namespace, name, holder } = this.#options.identity;
    return { object: `lease ${namespace}/${name}`, identity: holder };
  }

  #now(): Moment {
    const { clock } = this.#options;
    return { epochMs: clock.now(), monotonicMs: clock.monotonic() };
  }
}
