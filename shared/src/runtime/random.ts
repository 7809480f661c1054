// The only place (with clock.ts) that touches chance.
import { randomFillSync, randomUUID } from "node:crypto";

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, exclusiveMax). */
  integer(exclusiveMax: number): number;
  /** RFC 4122 version 4. */
  uuid(): string;
}

/** The alphabet of generated names: no vowels and no look-alikes (upstream: apimachinery util/rand). */
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** `length` characters fit for the end of an object's name. */
export function safeSuffix(random: Random, length = 5): string {
  let suffix = "";
  for (let i = 0; i < length; i++) suffix += SAFE_ALPHABET[random.integer(SAFE_ALPHABET.length)];
  return suffix;
}

const WORDS = 1024;
const pool = new Uint32Array(WORDS);
let used = WORDS;

function nextWord(): number {
  if (used === WORDS) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++] as number;
}

export const systemRandom: Random = {
  next: () => nextWord() / 2 ** 32,
  integer: (exclusiveMax) => Math.floor((nextWord() / 2 ** 32) * exclusiveMax),
  uuid: () => randomUUID(),
};

/** A repeatable source (mulberry32): the same seed gives the same run. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (digits: number) => {
    let text = "";
    for (let i = 0; i < digits; i++) text += Math.floor(next() * 16).toString(16);
    return text;
  };
  return {
    next,
    integer: (exclusiveMax) => Math.floor(next() * exclusiveMax),
    uuid: () =>
      `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab"[Math.floor(next() * 4)]}${hex(3)}-${hex(12)}`,
  };
}
