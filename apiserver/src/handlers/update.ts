import { badRequest } from "@coracle/shared/machinery/status-error";
import {
  type AnyObject,
  fromStored,
  type ServedResource,
  toStored,
} from "../registry/served-resource.ts";
import type { UpdateStrategy } from "../registry/strategy.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { writeOptions } from "./options.ts";
import { respondWritten } from "./respond.ts";
import { targetOf } from "./target.ts";
import { decodeBody, recordOwner, type WriteDependencies } from "./write-context.ts";

/** PUT of one object, or of its status with the strategy of that. */
export async function updateObject(
  request: ApiRequest,
  resource: ServedResource,
  { registry, clock }: WriteDependencies,
  strategy?: UpdateStrategy<AnyObject>,
): Promise<Reply> {
  const options = writeOptions(request.query, "UpdateOptions");
  const object = decodeBody(request, resource, options);
  checkPath(request, resource, object);
  const target = targetOf(resource, request.info);
  const transform = (current: { object: AnyObject } | undefined) => {
    const updated = structuredClone(object);
    const live = current && fromStored(resource, current.object);
    recordOwner(request, resource, options, clock, live, updated);
    return toStored(resource, updated);
  };
  const written = await registry.update(
    target,
    transform,
    {
      user: request.user,
      dryRun: options.dryRun,
      apiVersion: resource.apiVersion,
      warnings: request.warnings,
      isReplacement: true,
    },
    strategy,
  );
  return respondWritten(request, resource, written.bytes, clock, written.created ? 201 : 200);
}

/** The object's own name and, where given, its namespace are those of the path. */
export function checkPath(request: ApiRequest, resource: ServedResource, object: AnyObject): void {
  const { name, namespace } = request.info;
  const own = object.metadata;
  if (!own.name) {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (own.name !== name) {
    throw badRequest(
      `the name of the object (${own.name}) does not match the name on the URL (${name})`,
    );
  }
  if (!resource.namespaced) return;
  if (own.namespace && own.namespace !== namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  own.namespace = namespace;
}
