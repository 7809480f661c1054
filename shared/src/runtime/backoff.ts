// Exponential delays with jitter, reset by success.
import type { Random } from "./random.ts";

export interface BackoffOptions {
  startMs: number;
  maxMs: number;
  /** Default 2. */
  factor?: number;
  /** Up to this share is added at random. Default 1: a delay d becomes d … 2d. */
  jitter?: number;
}

export class Backoff {
  readonly #options: Required<BackoffOptions>;
  readonly #random: Random;
  #nextMs: number;

  constructor(options: BackoffOptions, random: Random) {
    this.#options = { factor: 2, jitter: 1, ...options };
    this.#random = random;
    this.#nextMs = options.startMs;
  }

  /** The delay before the next try. */
  next(): number {
    const { factor, jitter, maxMs } = this.#options;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(maxMs, delayMs * factor);
    return delayMs * (1 + jitter * this.#random.next());
  }

  reset(): void {
    this.#nextMs = this.#options.startMs;
  }
}
