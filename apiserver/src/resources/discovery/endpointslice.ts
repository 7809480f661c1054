import type { Endpoint, EndpointPort, EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { immutableField } from "../field-rules.ts";
import { ipWarnings } from "../ip.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { validateEndpoints, validateTypeAndPorts } from "./endpointslice-validation.ts";

const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
/** Controllers that write addresses in their canonical form. */
const TRUSTED = ["endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"];
const SHOWN_MAX = 3;

/** The topology was of v1beta1: v1 takes no writes to it. Upstream's store does not tell an empty list from none. Mutates. */
function normalise(slice: EndpointSlice): void {
  for (const endpoint of slice.endpoints ?? []) delete endpoint.deprecatedTopology;
  if (slice.endpoints?.length === 0) slice.endpoints = null as never;
  if (slice.ports?.length === 0) slice.ports = null as never;
}

const contentOf = ({ addressType, endpoints, ports }: EndpointSlice) => ({
  addressType,
  endpoints,
  ports,
});

function ipTexts({ metadata, endpoints }: EndpointSlice): string[] {
  if (TRUSTED.includes(metadata.labels?.[MANAGED_BY] ?? "")) return [];
  return (endpoints ?? []).flatMap(({ addresses }, i) =>
    (addresses ?? []).flatMap((address, a) =>
      ipWarnings(`endpoints[${i}].addresses[${a}]`, address),
    ),
  );
}

function listCell(items: readonly string[]): string {
  const text = items.slice(0, SHOWN_MAX).join(",");
  if (items.length > SHOWN_MAX) return `${text} + ${items.length - SHOWN_MAX} more...`;
  return text === "" ? "<unset>" : text;
}

const portText = ({ name, port }: EndpointPort): string => String(port ?? name ?? "*");
const addressesOf = ({ addresses }: Endpoint): string[] => addresses ?? [];

export const endpointSliceBehaviour: ResourceBehaviour<EndpointSlice> = {
  storagePrefix: "endpointslices",
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(slice) {
      slice.metadata.generation = 1;
      normalise(slice);
    },
    validate: (slice) => [...validateTypeAndPorts(slice), ...validateEndpoints(slice)],
    warningsOnCreate: (slice) => [
      ...(slice.addressType === "FQDN" ? ["spec.addressType: FQDN endpoints are deprecated"] : []),
      ...ipTexts(slice),
    ],
    prepareForUpdate(slice, old) {
      const same =
        semanticEqual(contentOf(slice), contentOf(old)) &&
        semanticEqual(slice.metadata.labels, old.metadata.labels, "labels");
      if (!same) slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
      normalise(slice);
    },
    validateUpdate(slice, old) {
      const endpointErrors = validateEndpoints(slice);
      const unchanged = semanticEqual(slice.endpoints, old.endpoints);
      return [
        ...repeatObjectMeta(slice.metadata, true, isDns1123Subdomain),
        ...validateTypeAndPorts(slice),
        ...(unchanged ? [] : endpointErrors),
        ...immutableField(slice.addressType, old.addressType, "addressType"),
      ];
    },
    warningsOnUpdate: ipTexts,
  },
  cells: ({ metadata, addressType, ports, endpoints }, now) => [
    metadata.name,
    addressType,
    listCell((ports ?? []).map(portText)),
    listCell((endpoints ?? []).flatMap(addressesOf)),
    age(metadata.creationTimestamp, now),
  ],
};
