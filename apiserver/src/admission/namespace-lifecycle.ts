// NamespaceLifecycle: nothing is created in a namespace that is missing or going away, and the namespaces that a cluster
// cannot do without are not deleted.
import type { Namespace } from "@coracle/shared/api/types/core-v1";
import { forbidden, notFound } from "@coracle/shared/machinery/status-error";
import type { ServedResource } from "../registry/served-resource.ts";
import type { AdmissionPlugin } from "./chain.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);
const NAMESPACES = { group: "", resource: "namespaces" };

export function namespaceLifecycle(namespaces: ServedResource): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    admit({ operation, resource, namespace, name, subresource }) {
      const isNamespace = resource === namespaces;
      if (operation === "DELETE" && isNamespace && IMMORTAL.has(name)) {
        throw forbidden(NAMESPACES, name, "this namespace may not be deleted");
      }
      if (operation !== "CREATE" || subresource !== "" || !resource.namespaced) return;
      const cached = namespaces.cache.get("", namespace);
      if (cached === undefined) throw notFound(NAMESPACES, namespace);
      if (cached.fields["status.phase"] !== "Terminating") return;
      const { metadata } = JSON.parse(cached.bytes.toString()) as Namespace;
      if (metadata.deletionTimestamp === undefined) return;
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
      const refusal = forbidden(resource, name, why);
      refusal.status.details = {
        ...refusal.status.details,
        causes: [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${namespace} is being terminated`,
            field: "metadata.namespace",
          },
        ],
      };
      throw refusal;
    },
  };
}
