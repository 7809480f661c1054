// The storage contract on a real etcd. Leases run on etcd's own clock there, so a minute of the contract is 3 s.
import { storageContract } from "@coracle/apiserver/storage/contract-suite";
import { openEtcdStorage } from "@coracle/apiserver/storage/etcd/etcd-storage";
import { systemClock } from "@coracle/shared/runtime/clock";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, vi } from "vitest";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";

const TIMES_FASTER = 20;
const POLL_MS = 50;

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

/** `storage`'s leases, TIMES_FASTER. */
async function open(endpoint: string, leases: Map<number, number>, now: () => number) {
  const storage = await openEtcdStorage({
    endpoints: [endpoint],
    clock: systemClock,
    random: systemRandom,
  });
  const grantLease = storage.grantLease.bind(storage);
  storage.grantLease = async (ttlSeconds) => {
    const id = await grantLease(Math.ceil(ttlSeconds / TIMES_FASTER));
    leases.set(id, now() + ttlSeconds * 1000);
    return id;
  };
  return storage;
}

/** Until etcd has ended the leases that are due. */
async function ended(etcd: TestEtcd, ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    for (;;) {
      const answer = await etcd.control("lease", "timetolive", id.toString(16));
      if (answer.includes("already expired")) break;
      await systemClock.sleep(POLL_MS);
    }
  }
}

describeWith("the etcd engine", [etcdRequirement], () => {
  // Each test has its own etcd; the next one starts meanwhile.
  let spare: Promise<TestEtcd> | undefined;
  afterAll(async () => (await spare)?.remove());

  storageContract(
    "etcd",
    async () => {
      const etcd = await (spare ?? startEtcd());
      spare = startEtcd();
      const leases = new Map<number, number>();
      let nowMs = 0;
      const connect = () => open(etcd.endpoint, leases, () => nowMs);
      const subject = {
        storage: await connect(),
        async restart() {
          await subject.storage.close();
          subject.storage = await connect();
        },
        async pass(ms: number) {
          nowMs += ms;
          const due = [...leases].filter(([, endMs]) => endMs <= nowMs).map(([id]) => id);
          await ended(etcd, due);
        },
        async remove() {
          await subject.storage.close();
          await etcd.remove();
        },
      };
      return subject;
    },
    { inProcess: false, leaseEndsInOneRevision: true },
  );
});
