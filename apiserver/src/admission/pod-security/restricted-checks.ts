// The checks that level restricted adds (upstream: pod-security-admission/policy).
import type { Volume } from "@coracle/shared/api/types/core-v1";
import {
  badContexts,
  type Check,
  containersOf,
  containersText,
  plural,
  quoted,
  settersText,
  sorted,
} from "./check.ts";
import { baselineSeccomp, isSafeSeccomp } from "./profile-checks.ts";

export const allowPrivilegeEscalation: Check = ({ spec }) => {
  const names = containersOf(spec)
    .filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  return {
    reason: "allowPrivilegeEscalation != false",
    detail: `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

export const restrictedCapabilities: Check = ({ spec }) => {
  const keeping: string[] = [];
  const adding: string[] = [];
  const added: string[] = [];
  for (const { name, securityContext } of containersOf(spec)) {
    const { drop = [], add = [] } = securityContext?.capabilities ?? {};
    if (!drop.includes("ALL")) keeping.push(name);
    const wrong = add.filter((capability) => capability !== "NET_BIND_SERVICE");
    if (wrong.length > 0) adding.push(name);
    added.push(...wrong);
  }
  const details: string[] = [];
  if (keeping.length > 0) {
    details.push(`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`);
  }
  if (adding.length > 0) {
    const what = quoted(sorted(added));
    const who = containersText(adding);
    details.push(`${who} must not include ${what} in securityContext.capabilities.add`);
  }
  if (details.length === 0) return undefined;
  return { reason: "unrestricted capabilities", detail: details.join("; ") };
};

const ALLOWED_VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
] as const satisfies readonly (keyof Volume)[];

const RESTRICTED_VOLUMES = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "gitRepo",
  "nfs",
  "iscsi",
  "glusterfs",
  "rbd",
  "flexVolume",
  "cinder",
  "cephfs",
  "flocker",
  "fc",
  "azureFile",
  "vsphereVolume",
  "quobyte",
  "azureDisk",
  "photonPersistentDisk",
  "portworxVolume",
  "scaleIO",
  "storageos",
] as const satisfies readonly (keyof Volume)[];

export const restrictedVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(
    (volume) => !ALLOWED_VOLUMES.some((type) => volume[type]),
  );
  if (bad.length === 0) return undefined;
  const types = sorted(
    bad.map((volume) => RESTRICTED_VOLUMES.find((type) => volume[type]) ?? "unknown"),
  );
  const who = `${plural(bad.length, "volume", "volumes")} ${quoted(bad.map(({ name }) => name))}`;
  const what = plural(types.length, "restricted volume type", "restricted volume types");
  return {
    reason: "restricted volume types",
    detail: `${who} ${plural(bad.length, "uses", "use")} ${what} ${quoted(types)}`,
  };
};

export const runAsNonRoot: Check = ({ spec }) => {
  const reason = "runAsNonRoot != true";
  const { pod, containers } = badContexts(spec, (context) => context.runAsNonRoot === false);
  const who = settersText(pod, containers);
  if (who !== "") {
    return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  }
  if (spec.securityContext?.runAsNonRoot === true) return undefined;
  const silent = containersOf(spec)
    .filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined)
    .map(({ name }) => name);
  if (silent.length === 0) return undefined;
  const detail = `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true`;
  return { reason, detail };
};

export const runAsUser: Check = ({ spec }) => {
  const { pod, containers } = badContexts(spec, (context) => context.runAsUser === 0);
  const who = settersText(pod, containers);
  if (who === "") return undefined;
  return { reason: "runAsUser=0", detail: `${who} must not set runAsUser=0` };
};

export const restrictedSeccomp: Check = (checked) => {
  const wrong = baselineSeccomp(checked);
  if (wrong !== undefined) return wrong;
  const { spec } = checked;
  if (spec.securityContext !== undefined && isSafeSeccomp(spec.securityContext)) return undefined;
  const silent = containersOf(spec)
    .filter(({ securityContext }) => securityContext?.seccompProfile === undefined)
    .map(({ name }) => name);
  if (silent.length === 0) return undefined;
  return {
    reason: "seccompProfile",
    detail: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};
