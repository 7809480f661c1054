// Cluster IPs and node ports of Services: handed out on create and on a change of type, unique among those in use.
import type { Service } from "@coracle/shared/api/types/core-v1";
import type { Random } from "@coracle/shared/runtime/random";
import type { ServedResource } from "../registry/served-resource.ts";
import { allocateServiceAddresses } from "../resources/core/service-addresses.ts";
import type { AdmissionPlugin } from "./chain.ts";

export function serviceAddresses(services: ServedResource, random: Random): AdmissionPlugin {
  return {
    name: "ServiceAddresses",
    admit({ operation, resource, subresource, object, old, dryRun }) {
      if (resource !== services || subresource !== "" || object === undefined) return;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      const others = services.cache
        .list({})
        .items.map((item) => JSON.parse(item.bytes.toString()) as Service)
        .filter((service) => service.metadata.uid !== old?.metadata.uid);
      allocateServiceAddresses(
        object as unknown as Service,
        others,
        old as unknown as Service | undefined,
        { random, dryRun },
      );
    },
  };
}
