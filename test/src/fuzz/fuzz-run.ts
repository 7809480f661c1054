// Sends generated requests, judges the answers, and finds out which request it was that hung or ended the server.
import { type Random, seededRandom } from "@coracle/shared/runtime/random";
import { addressFamilies } from "./address-families.ts";
import { complaintOf } from "./answer-rules.ts";
import { bodyFamilies } from "./body-families.ts";
import { connectionFamilies } from "./connection-families.ts";
import type { Corpus, SeedObject } from "./corpus.ts";
import { Coverage } from "./fuzz-coverage.ts";
import type { Family, FuzzRequest } from "./fuzz-request.ts";
import { FuzzTarget, type Heap } from "./fuzz-target.ts";
import { patchFamilies } from "./patch-families.ts";
import { prepareObjects, refill } from "./prepare-objects.ts";
import { sendRequest } from "./send-request.ts";
import { subresourceFamilies } from "./subresource-families.ts";

const PARALLEL = 8;
/** After so many requests the objects that are gone are made again. */
const REFILL = 1000;
/** After so many everything is deleted, and the memory looked at. */
const ROUND = 5000;
const GOLDEN = 0x9e3779b1;

export interface Failure {
  /** Together they make the request again. */
  seed: number;
  index: number;
  why: string;
  request: FuzzRequest;
  /** What the server logged. */
  cause?: string;
}

export interface Report {
  requests: number;
  failures: Failure[];
  /** After a collection, everything deleted: at the start of each round and at the end. */
  heaps: Heap[];
  coverage: Coverage;
}

/** By how much the heap is larger in the last third of the rounds than in the second, in MiB: caches are full by then. */
export function heapRiseMiB({ heaps }: Report): number {
  const third = Math.floor(heaps.length / 3);
  const median = (some: readonly Heap[]): number =>
    some.map(({ usedMiB }) => usedMiB).sort((a, b) => a - b)[some.length >> 1] ?? 0;
  return third === 0 ? 0 : median(heaps.slice(-third)) - median(heaps.slice(third, 2 * third));
}

/** By how much the process is larger at the end than after its first round, in MiB. */
export function residentRiseMiB({ heaps }: Report): number {
  return (heaps.at(-1)?.residentMiB ?? 0) - (heaps[0]?.residentMiB ?? 0);
}

/** The allocator keeps pages that a large request had; a leak of 1 KiB a request would be 98 MiB in 100,000. */
export const RESIDENT_RISE_MIB_MAX = 96;

/** What code that gets hot, and the few caches that are still filling, may take. */
export const HEAP_RISE_MIB_MAX = 8;

/** A run of which less gets beyond parsing proves little. */
export const UNDERSTOOD_MIN = 0.35;

/** By how many sockets, timers and the like more are open at the end than after the first round. */
export function openRise({ heaps }: Report): number {
  return (heaps.at(-1)?.open ?? 0) - (heaps[0]?.open ?? 0);
}

/** The fuzzer's own connections come and go. */
export const OPEN_RISE_MAX = 64;

export interface FuzzOptions {
  seed: number;
  requests: number;
  corpus: Corpus;
  failuresMax?: number;
  /** Hears of each failure when it is found. */
  onFailure?(failure: Failure): void;
  onRound?(done: number, heap: Heap): void;
}

export function requestOf(
  families: readonly (readonly [number, Family])[],
  seed: number,
  index: number,
): FuzzRequest {
  const random = seededRandom(Math.imul(seed + 1, GOLDEN) ^ Math.imul(index + 1, 0x85ebca6b));
  return chosen(families, random)(random);
}

function chosen(families: readonly (readonly [number, Family])[], random: Random): Family {
  const total = families.reduce((sum, [weight]) => sum + weight, 0);
  let at = random.next() * total;
  for (const [weight, family] of families) {
    at -= weight;
    if (at < 0) return family;
  }
  return (families[0] as readonly [number, Family])[1];
}

export const familiesOf = (corpus: Corpus) => {
  const whole = [
    ...bodyFamilies(corpus),
    ...patchFamilies(corpus),
    ...subresourceFamilies(corpus),
    ...addressFamilies(corpus),
  ];
  const others = whole.map(([, family]) => family);
  return [...whole, ...connectionFamilies(corpus, others)];
};

export async function fuzz(options: FuzzOptions): Promise<Report> {
  const run = new FuzzRun(options);
  try {
    await run.all();
  } finally {
    await run.target.stop();
  }
  return run.report;
}

class FuzzRun {
  readonly target = new FuzzTarget();
  readonly report: Report = { requests: 0, failures: [], heaps: [], coverage: new Coverage() };
  readonly #options: FuzzOptions;
  #families: readonly (readonly [number, Family])[] = [];
  #objects: readonly SeedObject[] = [];

  constructor(options: FuzzOptions) {
    this.#options = options;
  }

  get #isEnough(): boolean {
    return this.report.failures.length >= (this.#options.failuresMax ?? 20);
  }

  async all(): Promise<void> {
    const { requests, corpus } = this.#options;
    await this.target.start();
    this.#objects = await prepareObjects(this.target, corpus);
    const families = familiesOf({ ...corpus, objects: this.#objects });
    this.#families = families;
    for (let from = 0; from < requests && !this.#isEnough; from += REFILL) {
      const to = Math.min(requests, from + REFILL);
      await this.#round(from, to);
      this.#hearErrors();
      if (to % ROUND !== 0 && to < requests) {
        await refill(this.target, { objects: this.#objects });
        continue;
      }
      await prepareObjects(this.target, corpus);
      const heap = await this.target.heap();
      this.report.heaps.push(heap);
      this.#options.onRound?.(this.report.requests, heap);
    }
  }

  async #round(from: number, to: number): Promise<void> {
    let next = from;
    while (next < to && !this.#isEnough) {
      const suspects: [number, FuzzRequest][] = [];
      let isBroken = false;
      const worker = async () => {
        while (next < to && !isBroken && !this.#isEnough) {
          const index = next++;
          const request = requestOf(this.#families, this.#options.seed, index);
          const { complaint, isFatal } = await this.#send(request);
          if (isFatal) {
            isBroken = true;
            suspects.push([index, request]);
          } else if (complaint !== undefined) this.#fail(index, request, complaint);
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, worker));
      if (isBroken) await this.#accuse(suspects);
    }
  }

  async #send(request: FuzzRequest): Promise<{ complaint?: string; isFatal: boolean }> {
    const outcome = await sendRequest(this.target, request);
    this.report.requests++;
    this.report.coverage.note(request, outcome);
    const complaint = complaintOf(request, outcome);
    const isFatal =
      outcome.kind === "late" || (outcome.kind === "closed" && (await this.target.endsSoon()));
    return { complaint, isFatal };
  }

  /** Each of those in flight once more, alone, on a server of its own. */
  async #accuse(suspects: readonly [number, FuzzRequest][]): Promise<void> {
    let isFound = false;
    await this.#restart();
    for (const [index, request] of suspects) {
      const { complaint, isFatal } = await this.#send(request);
      if (complaint === undefined) continue;
      isFound = true;
      this.#fail(index, request, complaint);
      if (isFatal) await this.#restart();
    }
    const [index, request] = suspects[0] as [number, FuzzRequest];
    if (isFound) return;
    const flight = suspects.map(
      ([at, { method, path }]) => `${at} ${method} ${path.slice(0, 200)}`,
    );
    const why = `the server hung or ended, by one of these or by all: ${flight.join(", ")}`;
    this.#fail(index, request, why);
  }

  /** An error that a client did not get to see is one all the same. */
  #hearErrors(): void {
    for (const { url, why } of this.target.takeErrors()) {
      if (this.report.failures.some(({ request }) => request.path === url)) continue;
      const request: FuzzRequest = { family: "log", method: "", path: url, headers: {} };
      this.#fail(-1, request, `logged as an error: ${why}`);
    }
  }

  async #restart(): Promise<void> {
    await this.target.stop();
    await this.target.start();
    await prepareObjects(this.target, this.#options.corpus);
  }

  #fail(index: number, request: FuzzRequest, why: string): void {
    const cause = this.target.causes.get(request.path) ?? this.target.lastExit;
    const failure: Failure = { seed: this.#options.seed, index, why, request };
    if (cause !== undefined) failure.cause = cause;
    this.report.failures.push(failure);
    this.#options.onFailure?.(failure);
  }
}
