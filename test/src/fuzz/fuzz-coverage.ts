// How far the requests of a run get: a fuzzer whose requests all end in the parser finds nothing behind it.
import { type ResourceFact, resourceFacts } from "@coracle/shared/api/facts";
import type { FuzzRequest } from "./fuzz-request.ts";
import type { Outcome } from "./send-request.ts";

const served = new Map(resourceFacts.map((fact) => [resourceKey(fact), fact]));

function resourceKey({ group = "", version, resource }: ResourceFact): string {
  return `${group === "" ? "" : `${group}/`}${version}/${resource}`;
}

/** `v1/pods/status`, `apps/v1/deployments`; undefined when the path is of no resource. */
export function resourceOf(path: string): string | undefined {
  const parts = (path.split("?")[0] as string).split("/").slice(1);
  const root = parts.shift();
  const groupVersion = root === "api" ? parts.splice(0, 1) : parts.splice(0, 2);
  if ((root !== "api" && root !== "apis") || groupVersion.length === 0) return undefined;
  if (parts[0] === "watch") parts.shift();
  const isInside = parts[0] === "namespaces" && parts.length > 2;
  const isOfNamespace = isInside && (parts[2] === "status" || parts[2] === "finalize");
  const [resource = "", , subresource] = isInside && !isOfNamespace ? parts.slice(2) : parts;
  const key = [...groupVersion, resource].join("/");
  if (!served.has(key)) return undefined;
  return subresource === undefined ? key : `${key}/${subresource}`;
}

const bodyKind = (type: string): string =>
  type.includes("protobuf") ? " protobuf" : type.includes("yaml") ? " yaml" : "";

/** `POST`, `POST protobuf`, `PATCH strategic`, `GET watch`. */
export function actionOf({ method, path, headers }: FuzzRequest): string {
  const type = headers["content-type"] ?? "";
  if (method === "PATCH") return `PATCH ${/\/(json|merge|strategic|apply)/.exec(type)?.[1] ?? "?"}`;
  if (method === "POST" || method === "PUT") return method + bodyKind(type);
  return method === "GET" && /\/watch\/|[?&]watch=(true|1)/.test(path) ? "GET watch" : method;
}

type Counts = Map<string, number>;
const add = (counts: Counts, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

/** Done, or refused by a rule about the object: the request was understood. */
const isUnderstood = (status: number): boolean => status < 400 || status === 409 || status === 422;

const CLASSES = ["1xx", "2xx", "3xx", "409", "422", "other 4xx", "5xx", "none"] as const;

function classOf(outcome: Outcome): (typeof CLASSES)[number] {
  if (outcome.kind !== "answer") return "none";
  const { status } = outcome;
  if (status === 409 || status === 422) return `${status}`;
  if (status >= 400 && status < 500) return "other 4xx";
  return `${Math.floor(status / 100) as 1 | 2 | 3 | 5}xx`;
}

export class Coverage {
  /** By family and class. */
  readonly #families = new Map<string, Counts>();
  /** Requests that were done, by action, then by resource. */
  readonly #done = new Map<string, Counts>();
  #understood = 0;
  #total = 0;

  note(request: FuzzRequest, outcome: Outcome): void {
    this.#total++;
    const counts = this.#families.get(request.family) ?? new Map();
    this.#families.set(request.family, counts);
    add(counts, classOf(outcome));
    if (outcome.kind !== "answer") return;
    if (isUnderstood(outcome.status)) this.#understood++;
    const resource = outcome.status < 300 ? resourceOf(request.path) : undefined;
    if (resource === undefined) return;
    const action = actionOf(request);
    const done = this.#done.get(action) ?? new Map();
    this.#done.set(action, done);
    add(done, resource);
  }

  /** The share that gets beyond parsing and addressing, 0 to 1. */
  get understoodShare(): number {
    return this.#total === 0 ? 0 : this.#understood / this.#total;
  }

  /** Resources and subresources of which a request with the action was done. */
  reached(action: string): ReadonlySet<string> {
    return new Set(this.#done.get(action)?.keys());
  }

  /** Resources that take the verb, of which no request with the action was done. */
  missed(action: string, verb: string): string[] {
    const reached = this.reached(action);
    const able = [...served].filter(([, { verbs }]) => verbs.includes(verb));
    return able.map(([key]) => key).filter((key) => !reached.has(key));
  }

  lines(): string[] {
    const lines = [...this.#families].map(([family, counts]) => {
      const shown = CLASSES.filter((name) => counts.has(name));
      return `${family}: ${shown.map((name) => `${name} ${counts.get(name)}`).join(", ")}`;
    });
    const share = (this.understoodShare * 100).toFixed(1);
    lines.push(`understood (1xx, 2xx, 3xx, 409, 422): ${share} % of ${this.#total}`);
    for (const action of [...this.#done.keys()].sort()) {
      const counts = this.#done.get(action) as Counts;
      const sum = [...counts.values()].reduce((total, count) => total + count, 0);
      lines.push(`done: ${action}: ${sum} of ${counts.size} resources and subresources`);
    }
    for (const [action, verb] of NEEDED) {
      const missed = this.missed(action, verb);
      if (missed.length > 0) lines.push(`never done: ${action} of ${missed.join(" ")}`);
    }
    return lines;
  }
}

const NEEDED: readonly (readonly [action: string, verb: string])[] = [
  ["POST", "create"],
  ["POST protobuf", "create"],
  ["PUT", "update"],
  ["PATCH json", "patch"],
  ["PATCH merge", "patch"],
  ["PATCH strategic", "patch"],
  ["PATCH apply", "patch"],
  ["DELETE", "delete"],
  ["GET watch", "watch"],
];
