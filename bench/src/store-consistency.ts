// Three API servers on three etcds, one of which is always being killed, or made to answer nothing: test/src/linearizability says
// what must hold. The run is cut into parts, each of which is checked by itself.
import type { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import { type Random, seededRandom } from "@coracle/shared/runtime/random";
import { startApiServer, type TestApiServer } from "@coracle/test/harness/api-server";
import { startEtcdCluster, type TestEtcdCluster } from "@coracle/test/harness/etcd";
import { type Progress, runConsistency } from "@coracle/test/linearizability/consistency-run";

const SERVERS = 3;
/** Long enough for the API servers to leave a member that does not answer. */
const PAUSE_MS_MAX = 25_000;

export async function benchConsistency(seconds: number, seed: number): Promise<void> {
  const until = systemClock.monotonic() + seconds * 1000;
  const random = seededRandom(seed);
  console.log(`linearizability: ${seconds} s, seed ${seed}`);
  const total = { operations: 0, done: 0, unknown: 0, events: 0, parts: 0 };
  while (systemClock.monotonic() < until) {
    const result = await onePart(random);
    total.parts++;
    total.operations += result.operations;
    total.done += result.done;
    total.unknown += result.unknown;
    total.events += result.events;
    if (result.findings.length > 0) {
      throw new Error(`seed ${seed}, part ${total.parts}:\n${result.findings.join("\n")}`);
    }
  }
  console.log(
    `linearizability: ${total.parts} runs, ${total.operations} operations (${total.done} done, ${total.unknown} without an answer), ${total.events} events: all linearizable, all watchers agree`,
  );
}

async function onePart(random: Random) {
  const etcds = await startEtcdCluster(3);
  const servers: TestApiServer[] = [];
  const clients: Client[] = [];
  try {
    for (let i = 0; i < SERVERS; i++) {
      const endpoints = [...etcds.endpoints.slice(i), ...etcds.endpoints.slice(0, i)];
      const server = await startApiServer({ engine: "etcd", endpoints });
      servers.push(server);
      clients.push(server.client());
    }
    return await runConsistency({
      sources: clients.map((client) => () => client),
      clientsPerServer: 4,
      objects: 4,
      random,
      disturb: (progress) => disturb(etcds, progress, random),
    });
  } finally {
    for (const client of clients) client.close();
    for (const server of servers) await server.close();
    await etcds.remove();
  }
}

async function disturb(etcds: TestEtcdCluster, { operations }: Progress, random: Random) {
  for (let i = 0; i < 4; i++) {
    await operations(100 + random.integer(300));
    const leads = random.integer(3) > 0;
    const anyone = etcds.members[random.integer(etcds.members.length)];
    const member = leads || anyone === undefined ? await etcds.leader() : anyone;
    if (random.integer(2) === 0) {
      await member.kill();
      await systemClock.sleep(random.integer(3000));
      await member.start();
    } else {
      member.pause();
      await systemClock.sleep(random.integer(PAUSE_MS_MAX));
      member.resume();
    }
  }
  await operations(200);
}
