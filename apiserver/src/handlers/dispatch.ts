// Which handler answers a request for a resource. A path that nothing serves is upstream's 404, a method 405.

import { ownValue } from "@coracle/shared/machinery/own-value";
import { pathNotFound, statusError } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import type { Access } from "../filters/access.ts";
import type { Registry } from "../registry/registry.ts";
import type { ResourceTable } from "../registry/resource-table.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { ApiRequest, Handled } from "./api-request.ts";
import { bindPod } from "./binding.ts";
import { answerComputed } from "./computed.ts";
import { isConnect, type KubeletCredentials, proxyLog } from "./connect.ts";
import { createObject } from "./create.ts";
import { deleteCollection, deleteObject } from "./delete.ts";
import { evictPod } from "./eviction.ts";
import { finalizeNamespace } from "./finalize.ts";
import { getObject } from "./get.ts";
import { listObjects } from "./list.ts";
import { patchObject } from "./patch.ts";
import { isProxied, proxyRequest } from "./proxy/proxy.ts";
import { accepted } from "./respond.ts";
import { handleScale } from "./scale.ts";
import { createToken } from "./token.ts";
import { updateObject } from "./update.ts";
import { watchObjects } from "./watch.ts";

export interface Handlers {
  registry: Registry;
  resources: ResourceTable;
  clock: Clock;
  random: Random;
  kubelet: KubeletCredentials;
  /** Where other components answer /healthz, by name. */
  componentPorts: Readonly<Record<string, number>>;
  access: Access;
}

export const methodNotAllowed = () =>
  statusError(
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );

const bindTargets = ({ resources }: Handlers) => ({
  pods: resources.named("pods"),
  nodes: resources.named("nodes"),
});

type Result = Handled | Promise<Handled>;

export function dispatch(request: ApiRequest, handlers: Handlers): Result {
  const { info } = request;
  const { resources } = handlers;
  if (info.group === "" && info.resource === "bindings" && info.name === "") {
    if (request.method !== "POST") throw methodNotAllowed();
    return bindPod(request, bindTargets(handlers), handlers);
  }
  const resource = resources.find(info.group, info.version, info.resource);
  if (resource === undefined) return answerComputed(request, handlers);
  const following = resource.conversion?.follow();
  if (following !== undefined) return following.then(() => onResource(request, resource, handlers));
  return onResource(request, resource, handlers);
}

function onResource(request: ApiRequest, resource: ServedResource, handlers: Handlers): Result {
  const { info } = request;
  const misplaced = resource.namespaced
    ? info.name !== "" && info.namespace === ""
    : info.namespace !== "" && resource.kind !== "Namespace";
  if (misplaced) throw pathNotFound();
  return info.subresource === ""
    ? onObjects(request, resource, handlers)
    : onSubresource(request, resource, handlers);
}

function onObjects(request: ApiRequest, resource: ServedResource, handlers: Handlers): Result {
  const { info } = request;
  const { clock } = handlers;
  if (!resource.fact.verbs.includes(info.verb) || request.method === "HEAD") {
    throw methodNotAllowed();
  }
  // What cannot be answered is not done.
  if (info.verb !== "watch") accepted(request, { lists: info.verb === "list" });
  const { deprecation } = resource.behaviour;
  if (deprecation !== undefined) request.warnings.push(deprecation);
  switch (info.verb) {
    case "get":
      return getObject(request, resource, clock);
    case "list":
      return listObjects(request, resource, clock);
    case "watch":
      return watchObjects(request, resource, handlers);
    case "create":
      if (info.name !== "" || (resource.namespaced && info.namespace === "")) {
        throw methodNotAllowed();
      }
      return createObject(request, resource, handlers);
    case "update":
    case "patch":
      if (info.name === "") throw methodNotAllowed();
      return info.verb === "update"
        ? updateObject(request, resource, handlers)
        : patchObject(request, resource, handlers);
    case "delete":
      return deleteObject(request, resource, handlers);
    case "deletecollection":
      if (resource.namespaced && info.namespace === "") throw methodNotAllowed();
      return deleteCollection(request, resource, handlers);
    default:
      throw methodNotAllowed();
  }
}

function onSubresource(request: ApiRequest, resource: ServedResource, handlers: Handlers): Result {
  const { info, method } = request;
  if (isProxied(request)) return proxyRequest(request, handlers);
  const { statusStrategy, subresources, scale } = resource.behaviour;
  const strategy =
    info.subresource === "status" ? statusStrategy : ownValue(subresources, info.subresource);
  if (strategy !== undefined) {
    if (method === "GET") return getObject(request, resource, handlers.clock);
    if (method === "PUT") return updateObject(request, resource, handlers, strategy);
    if (method === "PATCH") return patchObject(request, resource, handlers, strategy);
    throw methodNotAllowed();
  }
  if (info.subresource === "scale" && scale !== undefined) {
    if (method !== "GET" && method !== "PUT" && method !== "PATCH") throw methodNotAllowed();
    return handleScale(request, resource, scale, handlers);
  }
  if (resource.kind === "Namespace" && info.subresource === "finalize") {
    if (method !== "PUT") throw methodNotAllowed();
    return finalizeNamespace(request, resource, handlers);
  }
  if (resource.kind === "ServiceAccount" && info.subresource === "token") {
    if (method !== "POST") throw methodNotAllowed();
    return createToken(request, resource, handlers);
  }
  if (resource.kind === "Pod") return onPodSubresource(request, resource, handlers);
  throw pathNotFound();
}

function onPodSubresource(request: ApiRequest, pods: ServedResource, handlers: Handlers): Result {
  const { info, method } = request;
  if (info.subresource === "binding") {
    if (method !== "POST") throw methodNotAllowed();
    return bindPod(request, bindTargets(handlers), handlers);
  }
  if (info.subresource === "eviction") {
    if (method !== "POST") throw methodNotAllowed();
    const budgets = handlers.resources.named("poddisruptionbudgets.policy");
    return evictPod(request, { pods, budgets }, handlers);
  }
  if (!isConnect(info.subresource)) throw pathNotFound();
  if (info.subresource !== "log") {
    // The stream itself comes as an upgrade (server.ts); this is a plain request for one.
    throw statusError("BadRequest", "Upgrade request required");
  }
  if (method !== "GET") throw methodNotAllowed();
  return proxyLog(request, {
    registry: handlers.registry,
    kubelet: handlers.kubelet,
    pods,
    nodes: handlers.resources.named("nodes"),
  });
}
