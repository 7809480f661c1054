// Access to devices that others use is only for namespaces that are marked for it. Upstream judges this among a claim's other
// findings (pkg/registry/resource AuthorizedForAdmin); a strategy sees no namespace, so here it comes last.
import type {
  DeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from "@coracle/shared/api/types/resource-v1";
import { forbiddenField } from "@coracle/shared/machinery/field-error";
import { invalid } from "@coracle/shared/machinery/status-error";
import type { ResourceTable } from "../registry/resource-table.ts";
import type { AnyObject } from "../registry/served-resource.ts";
import type { AdmissionPlugin, Attributes } from "./chain.ts";

const LABEL = "resource.kubernetes.io/admin-access";

const inRequests = (requests: readonly DeviceRequest[] | null | undefined): string | undefined => {
  const at = requests?.findIndex(({ exactly }) => exactly?.adminAccess === true) ?? -1;
  return at < 0 ? undefined : `spec.devices.requests[${at}].adminAccess`;
};

function inStatus(object: AnyObject | undefined): string | undefined {
  const results = (object as ResourceClaim | undefined)?.status?.allocation?.devices?.results;
  const at = results?.findIndex(({ adminAccess }) => adminAccess === true) ?? -1;
  return at < 0 ? undefined : `status.allocation.devices.results[${at}].adminAccess`;
}

/** The field by which such access is asked for; the spec is never changed, what was granted stays. */
function askedBy({ operation, subresource, resource, object, old }: Attributes) {
  if (object === undefined) return undefined;
  if (operation === "UPDATE") {
    return subresource === "status" && inStatus(old) === undefined ? inStatus(object) : undefined;
  }
  if (operation !== "CREATE") return undefined;
  return resource.resource === "resourceclaims"
    ? inRequests((object as unknown as ResourceClaim).spec.devices?.requests)
    : inRequests((object as unknown as ResourceClaimTemplate).spec.spec?.devices?.requests);
}

export function deviceAdminAccess(resources: ResourceTable): AdmissionPlugin {
  const namespaces = resources.named("namespaces");
  return {
    name: "DeviceAdminAccess",
    validate(attributes) {
      const { resource, namespace, object } = attributes;
      if (resource.group !== "resource.k8s.io" || !resource.namespaced) return;
      const field = askedBy(attributes);
      if (field === undefined) return;
      if (namespaces.cache.get("", namespace)?.labels?.[LABEL] === "true") return;
      const detail = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`;
      throw invalid(resource, object?.metadata.name ?? "", [forbiddenField(field, detail)]);
    },
  };
}
