// Which of the kubelet's paths a request is for (upstream: kubelet/server/server.go).
import type { ContainerReference, PodReference } from "./backend.ts";

export type Route =
  | { kind: "containerLogs" | "exec" | "attach"; reference: ContainerReference }
  | { kind: "portForward"; reference: PodReference }
  | { kind: "plain"; path: string };

export interface RoutedRequest {
  route: Route;
  query: URLSearchParams;
}

/** Undefined when there is nothing at that path. */
export function routeOf(url: string): RoutedRequest | undefined {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  let parts: string[];
  try {
    parts = path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    return undefined; // a malformed escape names nothing
  }
  const route = routeOfParts(parts, path);
  return route && { route, query };
}

function routeOfParts(parts: readonly string[], path: string): Route | undefined {
  const [kind = "", namespace = "", pod = "", ...rest] = parts;
  if (kind === "exec" || kind === "attach" || kind === "containerLogs") {
    const container = rest.at(-1) ?? "";
    const uid = rest.length === 2 && kind !== "containerLogs" ? (rest[0] ?? "") : "";
    const isComplete = rest.length === (uid === "" ? 1 : 2) && parts.every((part) => part !== "");
    return isComplete ? { kind, reference: { namespace, pod, uid, container } } : undefined;
  }
  if (kind === "portForward") {
    const isComplete = rest.length <= 1 && namespace !== "" && pod !== "";
    return isComplete ? { kind, reference: { namespace, pod, uid: rest[0] ?? "" } } : undefined;
  }
  const plain = path.length > 1 ? path.replace(/\/$/, "") : path;
  return PLAIN.has(plain) ? { kind: "plain", path: plain } : undefined;
}

const PLAIN = new Set([
  "/healthz",
  "/healthz/ping",
  "/pods",
  "/stats/summary",
  "/metrics",
  "/metrics/resource",
]);
