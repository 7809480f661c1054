// /healthz, /livez and /readyz with upstream's forms: `ok`, `?verbose`, `?exclude=`, and one path a check.
import type { Reply } from "./api-request.ts";

export interface Check {
  name: string;
  /** The reason why it fails; undefined when all is well. */
  failure(): string | undefined;
  /** Only part of /readyz: a server that is not ready yet is alive all the same. */
  readyOnly?: boolean;
}

const TEXT = "text/plain; charset=utf-8";
const ROOTS = ["healthz", "livez", "readyz"] as const;

export class Health {
  readonly #checks: readonly Check[];

  constructor(checks: readonly Check[]) {
    this.#checks = checks;
  }

  /** Every path that is answered. */
  paths(): string[] {
    return ROOTS.flatMap((root) => [
      `/${root}`,
      ...this.#of(root).map(({ name }) => `/${root}/${name}`),
    ]);
  }

  /** Undefined when `path` is no health path. */
  handle(path: string, query: URLSearchParams): Reply | undefined {
    for (const root of ROOTS) {
      if (path === `/${root}` || path === `/${root}/`) return this.#all(root, query);
      if (path.startsWith(`/${root}/`)) return this.#one(root, path.slice(root.length + 2));
    }
    return undefined;
  }

  #of(root: string): Check[] {
    return this.#checks.filter((check) => root === "readyz" || check.readyOnly !== true);
  }

  #one(root: string, name: string): Reply | undefined {
    const check = this.#of(root).find((candidate) => candidate.name === name);
    if (check === undefined) return undefined;
    const failure = check.failure();
    return failure === undefined
      ? { code: 200, contentType: TEXT, body: "ok" }
      : { code: 500, contentType: TEXT, body: `internal server error: ${failure}\n` };
  }

  #all(root: string, query: URLSearchParams): Reply {
    const excluded = new Set(query.getAll("exclude"));
    const lines: string[] = [];
    let failed = false;
    for (const check of this.#of(root)) {
      if (excluded.has(check.name)) {
        lines.push(`[+]${check.name} excluded: ok`);
        continue;
      }
      const failure = check.failure();
      failed ||= failure !== undefined;
      lines.push(
        failure === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: ${failure}`,
      );
    }
    if (failed) {
      return { code: 500, contentType: TEXT, body: `${lines.join("\n")}\n${root} check failed\n` };
    }
    const verbose = query.has("verbose");
    return {
      code: 200,
      contentType: TEXT,
      body: verbose ? `${lines.join("\n")}\n${root} check passed\n` : "ok",
    };
  }
}
