// From a request to the object that it names.

import type { RequestInfo } from "../filters/request-info.ts";
import type { Target } from "../registry/registry.ts";
import { type ServedResource, storedForm } from "../registry/served-resource.ts";

export function targetOf(resource: ServedResource, info: RequestInfo): Target {
  const stored = storedForm(resource);
  return {
    resource: stored,
    ...(stored === resource ? {} : { asked: resource }),
    namespace: resource.namespaced ? info.namespace : "",
    name: info.name,
    subresource: info.subresource,
  };
}
