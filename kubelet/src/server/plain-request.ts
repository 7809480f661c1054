// Requests that are answered with a body: logs, the list of Pods, figures, health.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@coracle/shared/runtime/clock";
import {
  type ContainerReference,
  type KubeletBackend,
  KubeletError,
  type NodeFigures,
} from "./backend.ts";
import { sendLog } from "./container-logs.ts";
import { logOptionsOf } from "./log-options.ts";
import type { RoutedRequest } from "./request-route.ts";
import { resourceMetrics, statsSummary } from "./stats-summary.ts";

const TEXT = "text/plain; charset=utf-8";
const METRICS = "text/plain; version=0.0.4; charset=utf-8";
const JSON_TYPE = "application/json";

export interface PlainDependencies {
  backend: KubeletBackend;
  clock: Clock;
}

/** Throws KubeletError for what is refused. */
export async function answerPlain(
  request: IncomingMessage,
  response: ServerResponse,
  { route, query }: RoutedRequest,
  dependencies: PlainDependencies,
): Promise<void> {
  if (route.kind === "plain") {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(response, 405, TEXT, "405: Method Not Allowed");
    }
    const { type, body } = await pageOf(route.path, request, query, dependencies);
    return answer(response, 200, type, body);
  }
  if (route.kind !== "containerLogs") throw new KubeletError(400, "Upgrade request required");
  return answerLog(response, route.reference, query, dependencies);
}

export function answer(
  response: ServerResponse,
  code: number,
  contentType: string,
  body: string,
): void {
  response.writeHead(code, { "content-type": contentType });
  response.end(body);
}

async function pageOf(
  path: string,
  request: IncomingMessage,
  query: URLSearchParams,
  { backend, clock }: PlainDependencies,
): Promise<{ type: string; body: string }> {
  switch (path) {
    case "/pods": {
      const list = { kind: "PodList", apiVersion: "v1", metadata: {}, items: backend.pods() };
      return { type: JSON_TYPE, body: JSON.stringify(list) };
    }
    case "/stats/summary": {
      const node = await figuresOf(request, query, backend);
      return { type: JSON_TYPE, body: JSON.stringify(statsSummary(node, clock.now())) };
    }
    case "/metrics/resource": {
      const node = await figuresOf(request, query, backend);
      return { type: METRICS, body: resourceMetrics(node, clock.now()) };
    }
    case "/metrics":
      return { type: METRICS, body: backend.metricsText() };
    default:
      return { type: TEXT, body: "ok" };
  }
}

/** One server speaks for several nodes: the query's `node`, else the one whose address was called, else the first. */
async function figuresOf(
  { socket }: IncomingMessage,
  query: URLSearchParams,
  backend: KubeletBackend,
): Promise<NodeFigures> {
  const node = query.get("node");
  const found = await backend.figures({ node, address: socket.localAddress });
  if (found === undefined) throw new KubeletError(404, `node ${JSON.stringify(node)} not found`);
  return found;
}

async function answerLog(
  response: ServerResponse,
  reference: ContainerReference,
  query: URLSearchParams,
  { backend, clock }: PlainDependencies,
): Promise<void> {
  const options = logOptionsOf(query, clock.now());
  const readLog = await backend.findLog(reference, options.previous);
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  await sendLog(response, readLog({ follow: options.follow, signal: gone.signal }), options);
}
