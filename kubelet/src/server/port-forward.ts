// One forwarded connection, whatever carries it (upstream: kubelet/cri/streaming/portforward).
import type { ForwardedConnection } from "../cri/runtime.ts";

export interface ForwardTarget {
  pod: string;
  podUid: string;
  /** Resolves when the connection is over. */
  connect(port: number, connection: ForwardedConnection): Promise<void>;
}

/** Undefined when it went well, else what the client is told. */
export async function forward(
  target: ForwardTarget,
  port: number,
  connection: ForwardedConnection,
): Promise<string | undefined> {
  try {
    await target.connect(port, connection);
    return undefined;
  } catch (error) {
    return `error forwarding port ${port} to pod ${target.pod}, uid ${target.podUid}: ${(error as Error).message}`;
  }
}

/** Throws with upstream's words. */
export function parsePort(text: string | undefined): number {
  if (text === undefined || text === "") throw new Error('"port" header is required');
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new Error(`unable to parse "${text}" as a port`);
  if (port === 0) throw new Error(`port "${text}" must be > 0`);
  return port;
}
