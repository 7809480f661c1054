// What may go wrong with etcds below several API servers, while consistency-run.ts lets clients work.
import { systemClock } from "@coracle/shared/runtime/clock";
import type { TestEtcd } from "../harness/etcd.ts";
import type { CutMode, Isolation } from "../harness/etcd-network.ts";
import {
  ClientLink,
  type PartitionableEtcds,
  startPartitionableEtcds,
} from "../harness/etcd-network.ts";

export interface FaultyStore {
  etcds: PartitionableEtcds;
  /** By API server, by member: each API server has a way of its own to each. */
  links: readonly (readonly ClientLink[])[];
  /** Of one API server: each begins with another member. */
  endpoints(server: number): string[];
  remove(): Promise<void>;
}

/** What a member that is cut off from its peers brings about. */
export interface Succession {
  /** Another one led, in a later term, while this one knew of no leader, or took itself or a former one for it. */
  elected: boolean;
  /** Seen while both said that they lead. */
  twoLeaders: boolean;
}

/** Lets it go wrong for so long; when it resolves, all is whole again, but may need time to notice. */
export type StoreFault = (
  store: FaultyStore,
  member: TestEtcd,
  lastsMs: number,
) => Promise<Succession | undefined>;

const POLL_MS = 10;
const ELECTION_MS = 15_000;

export const storeFaults: Record<string, StoreFault> = {
  async killed(_, member, lastsMs) {
    await member.kill();
    await systemClock.sleep(lastsMs);
    await member.start();
    return undefined;
  },
  async paused(_, member, lastsMs) {
    member.pause();
    await systemClock.sleep(lastsMs);
    member.resume();
    return undefined;
  },
  isolated: isolated("hold", "both"),
  "isolated, connections closed": isolated("close", "both"),
  "isolated, hears nothing": isolated("hold", "deaf"),
  "isolated, is not heard": isolated("hold", "mute"),
  "cut off from API servers": cutFromServers("hold"),
  "cut off from API servers, connections closed": cutFromServers("close"),
  /** Of all members, and one API server: that which begins with this one. */
  async "an API server cut off"({ etcds, links }, member, lastsMs) {
    const own = links[etcds.members.indexOf(member)] ?? [];
    for (const link of own) link.cut("hold");
    await systemClock.sleep(lastsMs);
    for (const link of own) link.heal();
    return undefined;
  },
};

export async function startFaultyStore(servers: number): Promise<FaultyStore> {
  const etcds = await startPartitionableEtcds(3);
  const links = await Promise.all(
    Array.from({ length: servers }, () =>
      Promise.all(etcds.members.map((one) => ClientLink.to(one))),
    ),
  );
  return {
    etcds,
    links,
    endpoints(server) {
      const own = (links[server] ?? []).map(({ endpoint }) => endpoint);
      const first = server % own.length;
      return [...own.slice(first), ...own.slice(0, first)];
    },
    async remove() {
      await etcds.remove();
      await Promise.all(links.flat().map((link) => link.close()));
    },
  };
}

function isolated(mode: CutMode, isolation: Isolation): StoreFault {
  return async ({ etcds }, member, lastsMs) => {
    const before = await member.status();
    const led = before !== undefined && before.leader === before.id;
    etcds.isolate(member, mode, isolation);
    try {
      const succession = led ? await observe(etcds, member, before.term) : undefined;
      await systemClock.sleep(lastsMs);
      return succession;
    } finally {
      etcds.heal();
    }
  };
}

/** Until the others have a leader of a later term. */
async function observe(
  { members }: PartitionableEtcds,
  old: TestEtcd,
  term: number,
): Promise<Succession> {
  const others = members.filter((member) => member !== old);
  const until = systemClock.monotonic() + ELECTION_MS;
  for (;;) {
    const [own, ...theirs] = await Promise.all([old, ...others].map((member) => member.status()));
    const successor = theirs.find(
      (status) => status !== undefined && status.leader === status.id && status.term > term,
    );
    if (successor !== undefined && own !== undefined) {
      return { elected: own.term === term, twoLeaders: own.leader === own.id };
    }
    if (systemClock.monotonic() > until) return { elected: false, twoLeaders: false };
    await systemClock.sleep(POLL_MS);
  }
}

function cutFromServers(mode: CutMode): StoreFault {
  return async ({ etcds, links }, member, lastsMs) => {
    const at = etcds.members.indexOf(member);
    const ways = links.flatMap((own) => own.slice(at, at + 1));
    for (const way of ways) way.cut(mode);
    await systemClock.sleep(lastsMs);
    for (const way of ways) way.heal();
    return undefined;
  };
}
