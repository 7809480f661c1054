// What upstream's default admission plugins do to a Pod: ServiceAccount, Priority, DefaultTolerationSeconds,
// RuntimeClass. Pure: the caller looks up what they need.
import type {
  Pod,
  PodSpec,
  ProjectedVolumeSource,
  ServiceAccount,
  Toleration,
  Volume,
} from "@coracle/shared/api/types/core-v1";
import { type Random, safeSuffix } from "@coracle/shared/runtime/random";
import { admitPriority, admitRuntimeClass, type PodClasses, refusePod } from "./class-admission.ts";
import { mirrorServiceAccount } from "./pod-defaults.ts";
import { MIRROR_ANNOTATION } from "./pod-spec-validation.ts";
import { visitContainers } from "./visit-containers.ts";

export interface PodAdmission extends PodClasses {
  /** The account that the Pod names (`default` if none), undefined when there is none. */
  serviceAccount: ServiceAccount | undefined;
  random: Random;
}

/** On create, after the defaults. Mutates; throws Forbidden in upstream's words. */
export function admitPod(pod: Pod, context: PodAdmission): void {
  admitServiceAccount(pod, context);
  admitPriority(pod, context);
  addTolerations(pod.spec);
  admitRuntimeClass(pod, context);
}

/** On update: what the client left out and the server once set stays. */
export function admitPodUpdate(pod: Pod, old: Pod): void {
  const { priority, preemptionPolicy } = old.spec;
  if (priority !== undefined) pod.spec.priority ??= priority;
  if (preemptionPolicy !== undefined) pod.spec.preemptionPolicy ??= preemptionPolicy;
  addTolerations(pod.spec);
}

function admitServiceAccount(pod: Pod, { serviceAccount, random }: PodAdmission): void {
  const { spec } = pod;
  if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) {
    admitMirror(pod);
    return;
  }
  spec.serviceAccountName ||= "default";
  mirrorServiceAccount(spec);
  if (serviceAccount === undefined) {
    const name = spec.serviceAccountName;
    const account = `${pod.metadata.namespace}/${name}`;
    throw refusePod(
      pod,
      `error looking up service account ${account}: serviceaccount ${JSON.stringify(name)} not found`,
    );
  }
  const mounts =
    spec.automountServiceAccountToken ?? serviceAccount.automountServiceAccountToken ?? true;
  if (mounts) mountToken(spec, random);
  if (!spec.imagePullSecrets?.length && serviceAccount.imagePullSecrets?.length) {
    spec.imagePullSecrets = serviceAccount.imagePullSecrets.map(({ name }) => ({ name }));
  }
  const enforced = serviceAccount.metadata.annotations?.["kubernetes.io/enforce-mountable-secrets"];
  if (enforced !== undefined && TRUE_TEXTS.has(enforced)) limitSecrets(pod, serviceAccount);
}

/** What Go's ParseBool takes for true. */
const TRUE_TEXTS = new Set(["1", "t", "T", "true", "TRUE", "True"]);

/** A node's static Pod shows up as it is, or not at all. */
function admitMirror(pod: Pod): void {
  const { spec } = pod;
  if (spec.serviceAccountName) {
    throw refusePod(pod, "a mirror pod may not reference service accounts");
  }
  if (usesSecrets(spec)) throw refusePod(pod, "a mirror pod may not reference secrets");
  const tokens = spec.volumes?.some((volume) =>
    volume.projected?.sources?.some((source) => source.serviceAccountToken),
  );
  if (tokens) {
    throw refusePod(pod, "a mirror pod may not use ServiceAccountToken volume projections");
  }
}

function usesSecrets(spec: PodSpec): boolean {
  if (spec.imagePullSecrets?.some(({ name }) => name)) return true;
  let found = false;
  visitContainers(spec, "", ({ env, envFrom }) => {
    found ||= envFrom?.some((source) => source.secretRef?.name) ?? false;
    found ||= env?.some((variable) => variable.valueFrom?.secretKeyRef?.name) ?? false;
  });
  return found || (spec.volumes ?? []).some((volume) => secretNamesOf(volume).some(Boolean));
}

function secretNamesOf(volume: Volume): (string | undefined)[] {
  return [
    volume.azureFile?.secretName,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.secret?.secretName,
    volume.scaleIO?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.storageos?.secretRef?.name,
    volume.csi?.nodePublishSecretRef?.name,
    ...(volume.projected?.sources ?? []).map((source) => source.secret?.name),
  ];
}

const TOKEN_VOLUME_PREFIX = "kube-api-access-";
const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** An hour and a bit: by the odd number a token of this volume is told from one that a user asked for. */
const TOKEN_SECONDS = 3607;

const tokenSource = (): ProjectedVolumeSource => ({
  sources: [
    { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    {
      downwardAPI: {
        items: [
          { path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } },
        ],
      },
    },
  ],
  defaultMode: 0o644,
});

/** Every container that has nothing at the path gets the token, the authority and the namespace there. */
function mountToken(spec: PodSpec, random: Random): void {
  const existing = spec.volumes?.find((volume) => volume.name?.startsWith(TOKEN_VOLUME_PREFIX));
  const name = existing?.name ?? TOKEN_VOLUME_PREFIX + safeSuffix(random);
  let mounted = false;
  for (const containers of [spec.initContainers, spec.containers]) {
    for (const container of containers ?? []) {
      if (container.volumeMounts?.some((mount) => mount.mountPath === TOKEN_PATH)) continue;
      container.volumeMounts ??= [];
      container.volumeMounts.push({ name, readOnly: true, mountPath: TOKEN_PATH });
      mounted = true;
    }
  }
  if (existing || !mounted) return;
  spec.volumes ??= [];
  spec.volumes.push({ name, projected: tokenSource() });
}

/** An account may limit its Pods to its own secrets. */
function limitSecrets(pod: Pod, account: ServiceAccount): void {
  const { name } = account.metadata;
  const own = new Set((account.secrets ?? []).map((secret) => secret.name));
  const not = `is not allowed because service account ${name} does not reference that`;
  const check = (who: string, secret: string | undefined) => {
    if (own.has(secret)) return;
    throw refusePod(pod, `${who} secret.secretName="${secret ?? ""}" ${not} secret`);
  };
  for (const { secret } of pod.spec.volumes ?? []) {
    if (secret) check("volume with", secret.secretName);
  }
  for (const kind of ["initContainers", "containers"] as const) {
    const what = kind === "containers" ? "container" : "init container";
    for (const container of pod.spec[kind] ?? []) {
      for (const { name: variable, valueFrom } of container.env ?? []) {
        const ref = valueFrom?.secretKeyRef;
        if (ref) check(`${what} ${container.name} with envVar ${variable} referencing`, ref.name);
      }
      for (const { secretRef } of container.envFrom ?? []) {
        if (secretRef) check(`${what} ${container.name} with envFrom referencing`, secretRef.name);
      }
    }
  }
  const pulls = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name));
  pod.spec.imagePullSecrets?.forEach((secret, i) => {
    if (pulls.has(secret.name)) return;
    throw refusePod(
      pod,
      `imagePullSecrets[${i}].name="${secret.name ?? ""}" ${not} imagePullSecret`,
    );
  });
}

const EVICTION_SECONDS = 300;
const EVICTING_TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** Every Pod bears a lost node for five minutes unless it says otherwise. */
function addTolerations(spec: PodSpec): void {
  const given: readonly Toleration[] = spec.tolerations ?? [];
  const missing = EVICTING_TAINTS.filter(
    (taint) =>
      !given.some(
        ({ key, effect }) => (!key || key === taint) && (!effect || effect === "NoExecute"),
      ),
  );
  if (missing.length === 0) return;
  spec.tolerations ??= [];
  for (const key of missing) {
    spec.tolerations.push({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: EVICTION_SECONDS,
    });
  }
}
