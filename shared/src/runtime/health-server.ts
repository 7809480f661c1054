// /healthz, /livez, /readyz and /metrics of a component, on loopback.
import { createServer, type Server } from "node:http";
import type { Metrics } from "./metrics.ts";

export interface HealthServerOptions {
  /** 0: none. */
  port: number;
  isReady(): boolean;
  metrics?: Metrics;
}

export interface HealthServer {
  close(): Promise<void>;
}

/** Resolves when it listens; rejects when the port is taken. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  if (options.port === 0) return { close: async () => {} };
  const server = createServer((request, response) => {
    const [status, body] = answer(request.url ?? "/", options);
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(body);
  });
  await listen(server, options.port);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(url: string, { isReady, metrics }: HealthServerOptions): [number, string] {
  switch (url.split("?")[0]) {
    case "/healthz":
    case "/livez":
      return [200, "ok"];
    case "/readyz":
      return isReady() ? [200, "ok"] : [500, "not ready"];
    case "/metrics":
      return [200, metrics?.render() ?? ""];
    default:
      return [404, "404 page not found"];
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}
