import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { UpdateStrategy } from "../registry/strategy.ts";
import { namespaceFinalizeStrategy } from "../resources/core/namespace.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { updateObject } from "./update.ts";
import type { WriteDependencies } from "./write-context.ts";

/** PUT namespaces/<name>/finalize: the only way to change spec.finalizers; with the last one a deleted namespace goes. */
export function finalizeNamespace(
  request: ApiRequest,
  namespaces: ServedResource,
  dependencies: WriteDependencies,
): Promise<Reply> {
  const strategy = namespaceFinalizeStrategy as unknown as UpdateStrategy<AnyObject>;
  return updateObject(request, namespaces, dependencies, strategy);
}
