// How many requests are worked on at once: those that change something and those that only read have a limit each
// (upstream: apiserver pkg/server/filters maxinflight.go). Who administers the cluster is let through all the same, so that it
// can be helped out of an overload.
import type { User } from "../registry/user.ts";
import type { RequestInfo } from "./request-info.ts";

export interface InFlightLimits {
  /** Of get and list; 0 = no limit. Default 400. */
  readMax?: number;
  /** Of everything else; 0 = no limit. Default 200. */
  writeMax?: number;
}

const READ_MAX = 400;
const WRITE_MAX = 200;
const READS = new Set(["get", "list", "watch"]);
const PRIVILEGED = "system:masters";

const nothing = () => {};

export class InFlight {
  readonly #maxima: Record<"reads" | "writes", number>;
  readonly #counts = { reads: 0, writes: 0 };

  constructor({ readMax = READ_MAX, writeMax = WRITE_MAX }: InFlightLimits = {}) {
    this.#maxima = { reads: readMax, writes: writeMax };
  }

  /** A function to be called when the request is done; undefined when there is no place for it. Not for long-running ones. */
  enter(user: User, { verb }: RequestInfo): (() => void) | undefined {
    const kind = READS.has(verb) ? "reads" : "writes";
    const max = this.#maxima[kind];
    if (max === 0) return nothing;
    if (this.#counts[kind] >= max) return user.groups.includes(PRIVILEGED) ? nothing : undefined;
    this.#counts[kind]++;
    return () => {
      this.#counts[kind]--;
    };
  }
}
