// Three API servers on three etcds, of which one is always being killed, made to answer nothing, or cut off by the network:
// test/src/linearizability says what must hold. The run is cut into parts, each of which is checked by itself.
import type { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import { type Random, seededRandom } from "@coracle/shared/runtime/random";
import { startApiServer, type TestApiServer } from "@coracle/test/harness/api-server";
import { type Progress, runConsistency } from "@coracle/test/linearizability/consistency-run";
import {
  type FaultyStore,
  startFaultyStore,
  storeFaults,
} from "@coracle/test/linearizability/store-faults";

const SERVERS = 3;
const FAULTS_PER_PART = 4;
/** Long enough for the API servers to leave a member that does not answer. */
const FAULT_MS_MAX = 25_000;

/** Of one kind of fault. */
interface FaultCount {
  times: number;
  /** How often the members chose another leader than the one that was cut off, and how often both were seen to lead. */
  elected: number;
  twoLeaders: number;
}

class Faults {
  readonly #random: Random;
  readonly counts = new Map<string, FaultCount>();
  #next: string[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  async run({ etcds, ...store }: FaultyStore, { operations }: Progress): Promise<void> {
    for (let i = 0; i < FAULTS_PER_PART; i++) {
      await operations(100 + this.#random.integer(300));
      const leads = this.#random.integer(3) > 0;
      const anyone = etcds.members[this.#random.integer(etcds.members.length)];
      const member = leads || anyone === undefined ? await etcds.leader() : anyone;
      const name = this.#take();
      const succession = await storeFaults[name]?.(
        { etcds, ...store },
        member,
        this.#random.integer(name === "killed" ? 3000 : FAULT_MS_MAX),
      );
      const { times, elected, twoLeaders } = this.counts.get(name) ?? NONE;
      this.counts.set(name, {
        times: times + 1,
        elected: elected + Number(succession?.elected ?? 0),
        twoLeaders: twoLeaders + Number(succession?.twoLeaders ?? 0),
      });
    }
    await operations(200);
  }

  /** Each once, in any order, before one comes again. */
  #take(): string {
    if (this.#next.length === 0) this.#next = Object.keys(storeFaults);
    const [name = ""] = this.#next.splice(this.#random.integer(this.#next.length), 1);
    return name;
  }
}

const NONE: FaultCount = { times: 0, elected: 0, twoLeaders: 0 };

export async function benchConsistency(seconds: number, seed: number): Promise<void> {
  const until = systemClock.monotonic() + seconds * 1000;
  const random = seededRandom(seed);
  const faults = new Faults(random);
  console.log(`linearizability: ${seconds} s, seed ${seed}`);
  const total = { operations: 0, done: 0, unknown: 0, events: 0, parts: 0 };
  while (systemClock.monotonic() < until) {
    const result = await onePart(random, faults);
    total.parts++;
    total.operations += result.operations;
    total.done += result.done;
    total.unknown += result.unknown;
    total.events += result.events;
    if (result.findings.length > 0) {
      throw new Error(`seed ${seed}, part ${total.parts}:\n${result.findings.join("\n")}`);
    }
  }
  for (const [name, { times, elected, twoLeaders }] of faults.counts) {
    const led = elected > 0 ? `; ${elected} times another led, ${twoLeaders} times two did` : "";
    console.log(`linearizability: ${times} times ${name}${led}`);
  }
  console.log(
    `linearizability: ${total.parts} runs, ${total.operations} operations (${total.done} done, ${total.unknown} without an answer), ${total.events} events: all linearizable, all watchers agree`,
  );
}

async function onePart(random: Random, faults: Faults) {
  const store = await startFaultyStore(SERVERS);
  const servers: TestApiServer[] = [];
  const clients: Client[] = [];
  try {
    for (let i = 0; i < SERVERS; i++) {
      const server = await startApiServer({ engine: "etcd", endpoints: store.endpoints(i) });
      servers.push(server);
      clients.push(server.client());
    }
    return await runConsistency({
      sources: clients.map((client) => () => client),
      clientsPerServer: 4,
      objects: 4,
      random,
      disturb: (progress) => faults.run(store, progress),
    });
  } finally {
    for (const client of clients) client.close();
    for (const server of servers) await server.close();
    await store.remove();
  }
}
