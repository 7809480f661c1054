// Plain requests over a few kept connections, for loads that wrk cannot make.
import { request as httpsRequest } from "node:https";
import { HttpsTransport } from "@coracle/shared/client/https-transport";
import type { Transport } from "@coracle/shared/client/transport";

export interface Target {
  url: string;
  token: string;
}

const IDLE_MS_MAX = 60_000;

/** At most 32 kept connections. */
export const connectTo = ({ url }: Target): Transport =>
  new HttpsTransport(url, { insecureSkipTlsVerify: true });

/** Resolves with the number of bytes of the reply. Throws for anything but success. */
export async function send(
  { token }: Target,
  transport: Transport,
  method: string,
  path: string,
  body?: unknown,
): Promise<number> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const response = await transport.send({
    method,
    path,
    headers: { authorization: `Bearer ${token}`, "content-type": type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    idleMsMax: IDLE_MS_MAX,
  });
  const reply = await response.read();
  if (response.status < 300) return reply.length;
  throw new Error(`${method} ${path}: ${response.status} ${reply}`);
}

/** Calls `one` for 0 … count-1, `parallel` at a time. */
export async function inParallel(
  count: number,
  parallel: number,
  one: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** Opens a watch; resolves when the server has answered. `onLine` gets each event's bytes. */
export function watch(
  { url, token }: Target,
  path: string,
  onLine: (line: Buffer) => void,
): Promise<{ close(): void }> {
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      url + path,
      { headers, rejectUnauthorized: false, agent: false },
      (response) => {
        if (response.statusCode !== 200)
          return reject(new Error(`watch ${path}: ${response.statusCode}`));
        let rest: Buffer = Buffer.alloc(0);
        response.on("data", (chunk: Buffer) => {
          let from = 0;
          for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
            const line = chunk.subarray(from, end);
            onLine(rest.length === 0 ? line : Buffer.concat([rest, line]));
            rest = Buffer.alloc(0);
            from = end + 1;
          }
          if (from < chunk.length) rest = Buffer.concat([rest, chunk.subarray(from)]);
        });
        resolve({ close: () => outgoing.destroy() });
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

export const podDraft = (name: string, scheduler?: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: "bench" } },
  spec: {
    ...(scheduler === undefined ? {} : { schedulerName: scheduler }),
    containers: [
      {
        name: "main",
        image: "registry.example/app:1.0",
        resources: { requests: { cpu: "10m", memory: "16Mi" } },
      },
    ],
  },
});
