// DefaultIngressClass: an Ingress that names no class gets the one that is marked as default.
import type { Ingress, IngressClass } from "@coracle/shared/api/types/networking-v1";
import { parseTime } from "@coracle/shared/runtime/clock";
import type { ServedResource } from "../registry/served-resource.ts";
import { CLASS_ANNOTATION } from "../resources/networking/ingress.ts";
import { isDefaultIngressClass } from "../resources/networking/ingressclass.ts";
import type { AdmissionPlugin } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";

/** Of several the youngest, of equally old ones the first by name. */
function defaultClass(classes: readonly IngressClass[]): IngressClass | undefined {
  const bornAt = ({ metadata }: IngressClass) => parseTime(metadata.creationTimestamp) ?? 0;
  const byName = (a: IngressClass, b: IngressClass) => (a.metadata.name < b.metadata.name ? -1 : 1);
  return classes
    .filter(isDefaultIngressClass)
    .sort((a, b) => bornAt(b) - bornAt(a) || byName(a, b))[0];
}

export function defaultIngressClass(
  ingresses: ServedResource,
  ingressClasses: ServedResource,
): AdmissionPlugin {
  const classes = new ObjectLister<IngressClass>(ingressClasses);
  return {
    name: "DefaultIngressClass",
    admit({ operation, resource, subresource, object }) {
      if (resource !== ingresses || subresource !== "" || operation !== "CREATE") return;
      const ingress = object as unknown as Ingress;
      const { metadata, spec } = ingress;
      if (spec.ingressClassName !== undefined) return;
      if (metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
      const found = defaultClass(classes.list(""));
      if (found !== undefined) {
        ingress.spec = { ingressClassName: found.metadata.name, ...spec };
      }
    },
  };
}
