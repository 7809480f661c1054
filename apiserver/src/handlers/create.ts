import { type ServedResource, toStored } from "../registry/served-resource.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { writeOptions } from "./options.ts";
import { respondWritten } from "./respond.ts";
import { targetOf } from "./target.ts";
import { decodeBody, recordOwner, type WriteDependencies } from "./write-context.ts";

/** POST to a collection. */
export async function createObject(
  request: ApiRequest,
  resource: ServedResource,
  { registry, clock }: WriteDependencies,
): Promise<Reply> {
  const options = writeOptions(request.query, "CreateOptions");
  const object = decodeBody(request, resource, options);
  // Not the client's to say, and nobody's to own.
  delete object.metadata.deletionTimestamp;
  delete object.metadata.deletionGracePeriodSeconds;
  recordOwner(request, resource, options, clock, undefined, object);
  const written = await registry.create(
    targetOf(resource, request.info),
    toStored(resource, object),
    {
      user: request.user,
      dryRun: options.dryRun,
      apiVersion: resource.apiVersion,
      warnings: request.warnings,
    },
  );
  return respondWritten(request, resource, written.bytes, clock, 201);
}
