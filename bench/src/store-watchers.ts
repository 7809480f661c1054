// From the answer of a write to its event at each of many watchers, each with a connection of its own.
import type { ClientRequest } from "node:http";
import { request } from "node:https";
import { systemClock } from "@coracle/shared/runtime/clock";
import type { StoreBench } from "./store-server.ts";

const PATH = "/api/v1/namespaces/default/configmaps";
const PAUSE_MS = 20;
const SOON_MS = 30_000;
const OPENED_AT_ONCE = 20;

interface Arrivals {
  /** When each watcher had the event. */
  times: number[];
  all: Promise<void>;
}

export class ManyWatchers {
  readonly #bench: StoreBench;
  readonly #requests: ClientRequest[] = [];
  #waiting: { name: string; arrived(): void } | undefined;

  constructor(bench: StoreBench) {
    this.#bench = bench;
  }

  async open(count: number, resourceVersion: string): Promise<void> {
    for (let opened = 0; opened < count; opened += OPENED_AT_ONCE) {
      const several = Math.min(OPENED_AT_ONCE, count - opened);
      await Promise.all(Array.from({ length: several }, () => this.#watch(resourceVersion)));
    }
  }

  /** Milliseconds of each watcher and each write; an event that comes before the answer counts 0. */
  async measure(writes: number, run: string): Promise<number[]> {
    const latencies: number[] = [];
    const client = this.#bench.server.client();
    for (let i = 0; i < writes; i++) {
      const name = `watched-${run}-${i}`;
      const { times, all } = this.#expect(name);
      const metadata = { name, namespace: "default" };
      await client.for("configmaps").create({ metadata, data: { a: "x".repeat(500) } });
      const answered = systemClock.monotonic();
      await all;
      for (const time of times) latencies.push(Math.max(0, time - answered));
      await systemClock.sleep(PAUSE_MS);
    }
    client.close();
    return latencies;
  }

  close(): void {
    for (const asked of this.#requests) asked.destroy();
  }

  #expect(name: string): Arrivals {
    const times: number[] = [];
    const all = new Promise<void>((resolve, reject) => {
      const late = systemClock.setTimer(SOON_MS, () => {
        reject(new Error(`${times.length} of ${this.#requests.length} watchers saw ${name}`));
      });
      this.#waiting = {
        name,
        arrived: () => {
          times.push(systemClock.monotonic());
          if (times.length < this.#requests.length) return;
          late.cancel();
          resolve();
        },
      };
    });
    return { times, all };
  }

  #watch(resourceVersion: string): Promise<void> {
    const { server, token, authority } = this.#bench;
    const url = `${server.url}${PATH}?watch=true&resourceVersion=${resourceVersion}`;
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      const asked = request(url, { ca: authority, headers, agent: false }, (response) => {
        let last = "";
        response.setEncoding("latin1");
        response.on("data", (text: string) => {
          const waiting = this.#waiting;
          if (waiting === undefined || waiting.name === last) return;
          if (!text.includes(waiting.name)) return;
          last = waiting.name;
          waiting.arrived();
        });
        response.on("error", () => undefined); // close() is one
        resolve();
      });
      asked.on("error", reject);
      asked.end();
      this.#requests.push(asked);
    });
  }
}
