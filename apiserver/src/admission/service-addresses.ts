// Cluster IPs and node ports of Services: handed out on create and on a change of type, unique among those in use.
import type { Service } from "@coracle/shared/api/types/core-v1";
import type { Random } from "@coracle/shared/runtime/random";
import type { ServedResource } from "../registry/served-resource.ts";
import { allocateServiceAddresses } from "../resources/core/service-addresses.ts";
import type { AdmissionPlugin } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";

export function serviceAddresses(
  services: ServedResource,
  ipAddresses: ServedResource,
  random: Random,
): AdmissionPlugin {
  const lister = new ObjectLister<Service>(services);
  return {
    name: "ServiceAddresses",
    admit({ operation, resource, subresource, object, old, dryRun }) {
      if (resource !== services || subresource !== "" || object === undefined) return;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      const others = lister
        .list("")
        .filter((service) => service.metadata.uid !== old?.metadata.uid);
      const service = object as unknown as Service;
      if (operation === "UPDATE") service.spec = ownSpec(service); // parts are the stored object's
      const before = old as unknown as Service | undefined;
      const isHeld = (ip: string) => ipAddresses.cache.get("", ip) !== undefined;
      allocateServiceAddresses(service, others, before, { random, dryRun, isHeld });
    },
  };
}

const ownSpec = ({ spec }: Service): Service["spec"] => ({
  ...spec,
  ...(spec.ports === undefined ? {} : { ports: spec.ports.map((port) => ({ ...port })) }),
});
