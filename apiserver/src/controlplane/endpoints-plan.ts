// What the Endpoints and the EndpointSlice of the `kubernetes` Service have to be: pure (upstream: the lease endpoint
// reconciler and its adapter).
import type { Draft } from "@coracle/shared/api/resources";
import type { EndpointAddress, EndpointSubset, Endpoints } from "@coracle/shared/api/types/core-v1";
import type { Endpoint, EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { deepEqual } from "../resources/deep-equal.ts";

const SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror";
const SERVICE_NAME = "kubernetes.io/service-name";
export const KUBERNETES = { namespace: "default", name: "kubernetes" } as const;

export interface WantedAddresses {
  /** Sorted. */
  addresses: readonly string[];
  port: number;
  /** A port that others have written stays, unless this says otherwise: all servers ought to have the same. */
  ownPort: boolean;
}

/** Undefined: they are as they should be. */
export function plannedEndpoints(
  current: Endpoints | undefined,
  wanted: WantedAddresses,
): Draft<Endpoints> | undefined {
  const metadata: Partial<ObjectMeta> = current?.metadata ?? KUBERNETES;
  const subsets = plannedSubsets(current?.subsets ?? [], wanted);
  const isMirrored = metadata.labels?.[SKIP_MIRROR] !== "true";
  if (current !== undefined && !isMirrored && deepEqual(subsets, current.subsets ?? [])) {
    return undefined;
  }
  const labels = { ...metadata.labels, [SKIP_MIRROR]: "true" };
  return {
    ...current,
    metadata: { ...metadata, labels },
    subsets: subsets.length === 0 ? undefined : subsets,
  };
}

function plannedSubsets(
  current: readonly EndpointSubset[],
  { addresses, port, ownPort }: WantedAddresses,
): EndpointSubset[] {
  if (addresses.length === 0) return [];
  const [only, ...others] = current;
  const isUsable = only !== undefined && others.length === 0;
  const ports =
    isUsable && !ownPort ? (only.ports ?? []) : [{ name: "https", port, protocol: "TCP" as const }];
  const known = isUsable ? (only.addresses ?? []) : [];
  const isSame =
    known.length === addresses.length && addresses.every((a) => known.some(({ ip }) => ip === a));
  // What somebody wrote besides the addresses themselves stays as long as these do.
  const kept = isSame ? known : addresses.map((ip) => ({ ip }));
  return [{ ...(isUsable ? only : {}), addresses: kept, ports }];
}

/** Of such Endpoints. It has no `managed-by`: no controller is to take it for its own. */
export function sliceOf({ subsets = [] }: Draft<Endpoints>): Draft<EndpointSlice> {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subsets[0] ?? {};
  const endpointsOf = (of: readonly EndpointAddress[], ready: boolean): Endpoint[] =>
    of.map(({ ip, targetRef, nodeName }) => ({
      addresses: [ip],
      conditions: { ready },
      targetRef,
      nodeName,
    }));
  return {
    metadata: { ...KUBERNETES, labels: { [SERVICE_NAME]: KUBERNETES.name } },
    addressType: "IPv4",
    endpoints: [...endpointsOf(addresses, true), ...endpointsOf(notReadyAddresses, false)],
    ports: ports.map(({ name, port, protocol }) => ({ name, protocol, port })),
  };
}

export function isSameSlice(current: EndpointSlice, wanted: Draft<EndpointSlice>): boolean {
  return (
    deepEqual(current.endpoints ?? [], wanted.endpoints ?? []) &&
    deepEqual(current.ports ?? [], wanted.ports ?? []) &&
    deepEqual(current.metadata.labels, wanted.metadata.labels)
  );
}
