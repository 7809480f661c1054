// ServiceAccount, DefaultTolerationSeconds and Priority: what upstream's default plugins fill into a new Pod.
import type { Pod, ServiceAccount } from "@coracle/shared/api/types/core-v1";
import type { Random } from "@coracle/shared/runtime/random";
import type { ServedResource } from "../registry/served-resource.ts";
import { admitPod, admitPodUpdate, validateAdmittedPod } from "../resources/core/pod/admission.ts";
import type { AdmissionPlugin } from "./chain.ts";

interface Parsed {
  bytes: Buffer;
  account: ServiceAccount;
}

export function podDefaults(
  pods: ServedResource,
  serviceAccounts: ServedResource,
  random: Random,
): AdmissionPlugin {
  const parsed = new Map<string, Parsed>();

  /** Nearly every Pod of a namespace uses the same account: it is parsed once a revision. */
  function accountOf(namespace: string, name: string): ServiceAccount | undefined {
    const cached = serviceAccounts.cache.get(namespace, name);
    if (cached === undefined) {
      parsed.delete(`${namespace}/${name}`);
      return undefined;
    }
    const known = parsed.get(cached.key);
    if (known?.bytes === cached.bytes) return known.account;
    const account = JSON.parse(cached.bytes.toString()) as ServiceAccount;
    parsed.set(cached.key, { bytes: cached.bytes, account });
    return account;
  }

  return {
    name: "PodDefaults",
    admit({ operation, resource, subresource, namespace, object, old }) {
      if (resource !== pods || subresource !== "") return;
      const pod = object as unknown as Pod;
      if (operation === "UPDATE") admitPodUpdate(pod, old as unknown as Pod);
      if (operation !== "CREATE") return;
      const name = pod.spec.serviceAccountName || "default";
      admitPod(pod, { serviceAccount: accountOf(namespace, name), random });
    },
    validate({ operation, resource, subresource, object }) {
      if (operation !== "CREATE" || resource !== pods || subresource !== "") return;
      validateAdmittedPod(object as unknown as Pod);
    },
  };
}
