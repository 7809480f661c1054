// Plain requests over a few kept connections, for loads that wrk cannot make.
import { type Agent, Agent as HttpsAgent, request as httpsRequest } from "node:https";

export interface Target {
  url: string;
  token: string;
}

export const keptConnections = (count: number): Agent =>
  new HttpsAgent({ keepAlive: true, maxSockets: count, rejectUnauthorized: false });

/** Resolves with the number of bytes of the reply. Throws for anything but success. */
export function send(
  { url, token }: Target,
  agent: Agent,
  method: string,
  path: string,
  body?: unknown,
): Promise<number> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": type,
    "content-length": Buffer.byteLength(text),
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url + path, { method, agent, headers }, (response) => {
      let bytes = 0;
      const failed = (response.statusCode ?? 500) >= 300;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (failed) chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        if (!failed) return resolve(bytes);
        reject(new Error(`${method} ${path}: ${response.statusCode} ${Buffer.concat(chunks)}`));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
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
