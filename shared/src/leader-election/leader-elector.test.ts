import { describe, expect, it } from "vitest";
import { EventRecorder } from "../controller/event-recorder.ts";
import { SimulatedClock } from "../runtime/clock.ts";
import { silentLogger } from "../runtime/logger.ts";
import { seededRandom } from "../runtime/random.ts";
import { LeaderElector } from "./leader-elector.ts";
import { LeaseServer, type Link } from "./lease-server-fixture.ts";

const timing = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000 };
const SECOND = 1000;

class Candidate {
  readonly elector: LeaderElector;
  link: Link = "up";
  leads = false;
  hasLost = false;

  constructor(server: LeaseServer, clock: SimulatedClock, holder: string, seed: number) {
    const random = seededRandom(seed);
    const client = server.client(() => this.link);
    const common = { client, clock, random, logger: silentLogger };
    this.elector = new LeaderElector({
      ...common,
      recorder: new EventRecorder({ ...common, component: "default-scheduler" }),
      identity: { holder, namespace: "kube-system", name: "kube-scheduler" },
      timing,
    });
    void this.elector.leading.then(() => {
      this.leads = true;
    });
    void this.elector.lost.then(() => {
      this.hasLost = true;
    });
  }
}

/** Timers of real clocks fire up to a millisecond early. */
class HastyClock extends SimulatedClock {
  override setTimer(delayMs: number, callback: () => void) {
    return super.setTimer(delayMs - 0.7, callback);
  }
}

function stage(seed = 1, clock = new SimulatedClock()) {
  const server = new LeaseServer(clock);
  const candidate = (name: string) =>
    new Candidate(server, clock, name, seed * 10 + name.charCodeAt(0));
  return { clock, server, candidate };
}

/** `a` leads, `b` stands by, and some renewals have passed. */
async function settled(seed = 1, clock = new SimulatedClock()) {
  const { server, candidate } = stage(seed, clock);
  const a = candidate("a");
  await clock.advance(0);
  const b = candidate("b");
  await clock.advance(20 * SECOND + seed * 137);
  expect([a.leads, b.leads]).toEqual([true, false]);
  return { clock, server, candidate, a, b };
}

/** Milliseconds until `b` leads; both are never sure to lead at once meanwhile. */
async function takeover(clock: SimulatedClock, a: Candidate, b: Candidate): Promise<number> {
  const from = clock.now();
  while (!b.leads) {
    await clock.advance(100);
    expect(a.elector.isHeld() && b.elector.isHeld()).toBe(false);
    if (clock.now() - from > 60 * SECOND) throw new Error("nobody took over");
  }
  return clock.now() - from;
}

describe("LeaderElector", () => {
  it("leads at once when there is nobody else, renews, and says so in an Event", async () => {
    const { clock, server, candidate } = stage();
    const a = candidate("a");
    await clock.advance(0);
    expect(a.leads).toBe(true);
    expect(a.elector.isHeld()).toBe(true);
    await clock.advance(20 * SECOND);
    expect(server.history).toHaveLength(11);
    expect(server.events).toMatchObject([
      {
        reason: "LeaderElection",
        message: "a became leader",
        type: "Normal",
        metadata: { namespace: "kube-system" },
        involvedObject: {
          kind: "Lease",
          apiVersion: "coordination.k8s.io/v1",
          namespace: "kube-system",
          name: "kube-scheduler",
        },
        source: { component: "default-scheduler" },
      },
    ]);
  });

  it("leads soon after a server that was away is there", async () => {
    const { clock, candidate } = stage();
    const a = candidate("a");
    a.link = "down";
    await clock.advance(300);
    a.link = "up";
    await clock.advance(600);
    expect(a.leads).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    "a leader that dies is replaced within the lease duration (seed %i)",
    async (seed) => {
      const { clock, server, a, b } = await settled(seed);
      a.link = "down"; // and it has no say any more
      const ms = await takeover(clock, a, b);
      expect(ms).toBeGreaterThan(10 * SECOND);
      expect(ms).toBeLessThanOrEqual(15 * SECOND);
      expect(server.lease?.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
      expect(a.hasLost).toBe(true);
    },
  );

  it("a timer that fires early costs nothing", async () => {
    const { clock, server, a, b } = await settled(1, new HastyClock());
    server.latencyMs = 5;
    await clock.advance(5 * SECOND);
    a.link = "down";
    expect(await takeover(clock, a, b)).toBeLessThanOrEqual(15 * SECOND + 100);
  });

  it("without a watch it takes a try or two longer", async () => {
    const { clock, server, candidate } = stage();
    server.canWatch = false;
    const a = candidate("a");
    await clock.advance(0);
    const b = candidate("b");
    await clock.advance(20 * SECOND);
    a.link = "down";
    expect(await takeover(clock, a, b)).toBeLessThanOrEqual((15 + 2 * 2.2) * SECOND);
  });

  it("a leader that is cut off gives up at the renew deadline, before anybody takes over", async () => {
    const { clock, a, b } = await settled();
    a.link = "deaf";
    const from = clock.now();
    while (!a.hasLost) await clock.advance(100);
    expect(clock.now() - from).toBeLessThanOrEqual((10 + 2) * SECOND + 100);
    expect(a.elector.isHeld()).toBe(false);
    expect(b.leads).toBe(false);
  });

  it("a short outage costs nothing", async () => {
    const { clock, server, a, b } = await settled();
    a.link = "slow";
    await clock.advance(7 * SECOND);
    a.link = "up";
    await clock.advance(30 * SECOND);
    expect([a.hasLost, b.leads]).toEqual([false, false]);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "a", leaseTransitions: 0 });
  });

  it("an orderly stop hands over at once", async () => {
    const { clock, server, a, b } = await settled();
    const stopped = a.elector.stop();
    await clock.advance(SECOND);
    await stopped;
    expect(b.leads).toBe(true);
    expect(a.hasLost).toBe(false);
    expect(server.history.at(-2)?.spec).toMatchObject({
      holderIdentity: "",
      leaseDurationSeconds: 1,
    });
    expect(server.events.map(({ message }) => message)).toEqual([
      "a became leader",
      "a stopped leading",
      "b became leader",
    ]);
  });

  it("one that stands by stops without a trace", async () => {
    const { clock, server, a, b } = await settled();
    const writes = server.history.length;
    await b.elector.stop();
    await clock.advance(0);
    expect(server.history).toHaveLength(writes);
    await clock.advance(30 * SECOND);
    expect([a.hasLost, b.leads]).toEqual([false, false]);
  });

  it("of many, one leads", async () => {
    const { clock, server, candidate } = stage(7);
    const all = ["a", "b", "c", "d", "e"].map(candidate);
    const holders: string[] = [];
    for (let round = 0; round < all.length; round++) {
      await clock.advance(40 * SECOND);
      const leading = all.filter(({ elector }) => elector.isHeld());
      expect(leading).toHaveLength(1);
      holders.push(server.lease?.spec.holderIdentity as string);
      (leading[0] as Candidate).link = "down";
    }
    expect(new Set(holders).size).toBe(all.length);
  });
});
