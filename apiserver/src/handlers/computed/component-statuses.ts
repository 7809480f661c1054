// componentstatuses: whether the scheduler, the controllers and the store are well, asked when somebody wants to know
// (upstream: pkg/registry/core/componentstatus). Deprecated since 1.19, but `kubectl get cs` is still typed.

import { request as httpRequest } from "node:http";
import type { ResourceRow } from "@coracle/shared/api/resources";
import type { ComponentStatus } from "@coracle/shared/api/types/core-v1";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { notFound } from "@coracle/shared/machinery/status-error";
import type { Handlers } from "../dispatch.ts";
import { computedObjects } from "./computed-objects.ts";

const row: ResourceRow = {
  group: "",
  version: "v1",
  plural: "componentstatuses",
  kind: "ComponentStatus",
  namespaced: false,
};

const STORE = "etcd-0";
const TIMEOUT_MS = 5_000;

interface Health {
  healthy: boolean;
  message: string;
}

/** In Go's words, as an HTTP client of upstream's would say it. */
function complaint(error: NodeJS.ErrnoException, port: number): string {
  const address = `127.0.0.1:${port}`;
  const why =
    error.code === "ECONNREFUSED"
      ? `dial tcp ${address}: connect: connection refused`
      : error.message;
  return `Get "https://${address}/healthz": ${why}`;
}

function probe(port: number): Promise<Health> {
  return new Promise((resolve) => {
    const outgoing = httpRequest({
      host: "127.0.0.1",
      port,
      path: "/healthz",
      timeout: TIMEOUT_MS,
    });
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const { statusCode = 500 } = response;
        const healthy = statusCode >= 200 && statusCode < 400;
        const failure = `HTTP probe failed with statuscode: ${statusCode}`;
        resolve({ healthy, message: healthy ? Buffer.concat(chunks).toString() : failure });
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("context deadline exceeded")));
    outgoing.on("error", (error) => {
      resolve({ healthy: false, message: complaint(error, port) });
    });
    outgoing.end();
  });
}

async function statusOf(
  name: string,
  { registry, componentPorts }: Handlers,
): Promise<ComponentStatus> {
  const failure = registry.storageFailure;
  const port = ownValue(componentPorts, name);
  const { healthy, message } =
    port === undefined
      ? { healthy: failure === undefined, message: failure ?? "ok" }
      : await probe(port);
  const condition = { type: "Healthy", status: healthy ? "True" : "False", message };
  return { metadata: { name }, conditions: [condition] } as ComponentStatus;
}

const namesOf = ({ componentPorts }: Handlers): string[] => [...Object.keys(componentPorts), STORE];

export const componentStatuses = computedObjects<ComponentStatus>({
  row,
  deprecation: "v1 ComponentStatus is deprecated in v1.19+",
  table: {
    cells({ metadata, conditions = [] }) {
      const healthy = conditions.find(({ type }) => type === "Healthy");
      const word = healthy?.status === "True" ? "Healthy" : "Unhealthy";
      return [
        metadata.name,
        healthy === undefined ? "Unknown" : word,
        healthy?.message ?? "",
        healthy?.error ?? "",
      ];
    },
  },
  async list(_namespace, isWanted, handlers) {
    const names = namesOf(handlers).filter((name) =>
      isWanted({ metadata: { name } } as ComponentStatus),
    );
    return Promise.all(names.map((name) => statusOf(name, handlers)));
  },
  async get(name, _namespace, handlers) {
    if (!namesOf(handlers).includes(name))
      throw notFound({ group: "", resource: "componentstatus" }, name);
    return statusOf(name, handlers);
  },
});
