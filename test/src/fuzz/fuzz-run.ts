// Sends generated requests, judges the answers, and finds out which request it was that hung or ended the server.
import { type Random, seededRandom } from "@coracle/shared/runtime/random";
import { addressFamilies } from "./address-families.ts";
import { complaintOf } from "./answer-rules.ts";
import { bodyFamilies } from "./body-families.ts";
import type { Corpus } from "./corpus.ts";
import type { Family, FuzzRequest } from "./fuzz-request.ts";
import { FuzzTarget, type Heap } from "./fuzz-target.ts";
import { patchFamilies } from "./patch-families.ts";
import { prepareObjects } from "./prepare-objects.ts";
import { sendRequest } from "./send-request.ts";

const PARALLEL = 8;
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
  statuses: Map<string, number>;
}

/** By how much the heap is larger in the last third of the rounds than in the second, in MiB: caches are full by then. */
export function heapRiseMiB({ heaps }: Report): number {
  const third = Math.floor(heaps.length / 3);
  const median = (some: readonly Heap[]): number =>
    some.map(({ usedMiB }) => usedMiB).sort((a, b) => a - b)[some.length >> 1] ?? 0;
  return third === 0 ? 0 : median(heaps.slice(-third)) - median(heaps.slice(third, 2 * third));
}

/** What code that gets hot, and the few caches that are still filling, may take. */
export const HEAP_RISE_MIB_MAX = 8;

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

export const familiesOf = (corpus: Corpus) => [
  ...bodyFamilies(corpus),
  ...patchFamilies(corpus),
  ...addressFamilies(corpus),
];

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
  readonly report: Report = { requests: 0, failures: [], heaps: [], statuses: new Map() };
  readonly #options: FuzzOptions;
  readonly #families: readonly (readonly [number, Family])[];

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#families = familiesOf(options.corpus);
  }

  get #isEnough(): boolean {
    return this.report.failures.length >= (this.#options.failuresMax ?? 20);
  }

  async all(): Promise<void> {
    const { requests, corpus } = this.#options;
    await this.target.start();
    await prepareObjects(this.target, corpus);
    for (let from = 0; from < requests && !this.#isEnough; from += ROUND) {
      await this.#round(from, Math.min(requests, from + ROUND));
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
    const { statuses } = this.report;
    this.report.requests++;
    const key = `${request.family} ${outcome.kind === "answer" ? outcome.status : outcome.kind}`;
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
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
    if (!isFound) this.#fail(index, request, "the server hung or ended, by one of those in flight");
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
