// Drives wrk (a Debian package) and reads what it measured.
import { spawnSync } from "node:child_process";

export interface Load {
  script: "create" | "get" | "patch";
  url: string;
  connections: number;
  seconds: number;
  env: Record<string, string>;
}

export interface Measured {
  requestsPerSecond: number;
  p99Ms: number;
  failures: number;
}

export function wrk({ script, url, connections, seconds, env }: Load): Measured {
  const file = new URL(`../wrk/${script}.lua`, import.meta.url).pathname;
  const threads = Math.min(2, connections);
  const args = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, "--latency", "-s", file, url];
  const { status, stdout, error } = spawnSync("wrk", args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (error !== undefined || status !== 0) {
    throw new Error(`wrk did not run (try: apt-get install wrk): ${error?.message ?? stdout}`);
  }
  return {
    requestsPerSecond: Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1]),
    p99Ms: toMs(/99% +([\d.]+)(us|ms|s)/.exec(stdout)),
    failures: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
  };
}

function toMs(match: RegExpExecArray | null): number {
  if (match === null) return Number.NaN;
  const factor = { us: 0.001, ms: 1, s: 1000 }[match[2] as "us" | "ms" | "s"];
  return Number(match[1]) * factor;
}
