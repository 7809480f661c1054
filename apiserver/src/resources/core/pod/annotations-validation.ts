// Annotations of a Pod that once were fields, and what they must agree with (upstream: ValidatePodSpecificAnnotations,
// validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate).
import type {
  AppArmorProfile,
  PodSpec,
  SeccompProfile,
  Toleration,
} from "@coracle/shared/api/types/core-v1";
import { forbiddenField, invalidValue } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { checkRelativePath } from "./findings.ts";
import { MIRROR_ANNOTATION } from "./pod-spec-validation.ts";
import { validateTolerations } from "./scheduling-validation.ts";
import { visitContainers } from "./visit-containers.ts";

type Annotations = Readonly<Record<string, string>>;

const TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations";
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
export const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
export const SECCOMP_CONTAINER_PREFIX = "container.seccomp.security.alpha.kubernetes.io/";
export const APP_ARMOR_PREFIX = "container.apparmor.security.beta.kubernetes.io/";

export function validatePodAnnotations(
  annotations: Annotations | undefined,
  spec: PodSpec,
  path: string,
  errors: FieldError[],
): void {
  if (!annotations) return;
  const mirror = annotations[MIRROR_ANNOTATION];
  if (mirror !== undefined && !spec.nodeName) {
    const detail = "must set spec.nodeName if mirror pod annotation is set";
    errors.push(invalidValue(`${path}[${MIRROR_ANNOTATION}]`, mirror, detail));
  }
  if (annotations[TOLERATIONS]) validateOldTolerations(annotations[TOLERATIONS], path, errors);
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && !isInt32(cost)) {
    errors.push(invalidValue(`${path}[${DELETION_COST}]`, cost, "must be a 32bit integer"));
  }
  validateProfiles(annotations, spec, path, errors);
}

/** As Go's ParseInt takes it, without a plus sign or a leading zero. */
function isInt32(text: string): boolean {
  if (!/^-?(?:0|[1-9]\d*)$/.test(text)) return false;
  const value = Number(text);
  return value >= -(2 ** 31) && value < 2 ** 31;
}

function validateOldTolerations(text: string, path: string, errors: FieldError[]): void {
  let tolerations: unknown;
  try {
    tolerations = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    errors.push(invalidValue(path, TOLERATIONS, detail));
    return;
  }
  if (!Array.isArray(tolerations)) return;
  validateTolerations(tolerations as Toleration[], `${path}.${TOLERATIONS}`, errors);
}

function validateProfiles(
  annotations: Annotations,
  spec: PodSpec,
  path: string,
  errors: FieldError[],
): void {
  const ofPod = annotations[SECCOMP_POD];
  if (ofPod !== undefined) checkSeccomp(errors, `${path}.${SECCOMP_POD}`, ofPod);
  for (const key in annotations) {
    if (!key.startsWith(SECCOMP_CONTAINER_PREFIX)) continue;
    checkSeccomp(errors, `${path}.${key}`, annotations[key] as string);
  }
  for (const key in annotations) {
    if (!key.startsWith(APP_ARMOR_PREFIX)) continue;
    const name = key.slice(APP_ARMOR_PREFIX.length);
    let found = false;
    visitContainers(spec, path, (container) => {
      found ||= container.name === name;
    });
    if (!found) errors.push(invalidValue(`${path}[${key}]`, name, "container not found"));
    const profile = annotations[key] as string;
    if (["", "runtime/default", "unconfined"].includes(profile)) continue;
    if (profile.startsWith("localhost/")) continue;
    const detail = `invalid AppArmor profile name: ${JSON.stringify(profile)}`;
    errors.push(invalidValue(`${path}[${key}]`, profile, detail));
  }
}

function checkSeccomp(errors: FieldError[], field: string, profile: string): void {
  if (["runtime/default", "docker/default", "unconfined"].includes(profile)) return;
  if (profile.startsWith("localhost/")) {
    checkRelativePath(errors, field, profile.slice("localhost/".length));
  } else {
    errors.push(invalidValue(field, profile, "must be a valid seccomp profile"));
  }
}

/** Where both are given, the annotation says the same as the field. */
export function validateProfilesMatch(
  annotations: Annotations | undefined,
  spec: PodSpec,
  path: string,
  errors: FieldError[],
): void {
  if (!annotations) return;
  const ofPod = annotations[SECCOMP_POD];
  const podProfile = spec.securityContext?.seccompProfile;
  if (podProfile && ofPod !== undefined) {
    checkMatch(podProfile, ofPod, SECCOMP, `${path}.securityContext.seccompProfile`, errors);
  }
  visitContainers(spec, path, (container, at) => {
    const profile = container.securityContext?.seccompProfile;
    const annotation = annotations[SECCOMP_CONTAINER_PREFIX + container.name];
    if (!profile || annotation === undefined) return;
    checkMatch(profile, annotation, SECCOMP, `${at}.securityContext.seccompProfile`, errors);
  });
  if (spec.os?.name === "windows") return;
  visitContainers(spec, path, (container, at) => {
    const own = container.securityContext?.appArmorProfile;
    const profile = own ?? spec.securityContext?.appArmorProfile;
    const annotation = annotations[APP_ARMOR_PREFIX + container.name];
    if (!profile || annotation === undefined) return;
    checkMatch(profile, annotation, APP_ARMOR, `${at}.securityContext.appArmorProfile`, errors);
  });
}

interface ProfileKind {
  name: string;
  defaults: readonly string[];
}
const SECCOMP: ProfileKind = { name: "seccomp", defaults: ["runtime/default", "docker/default"] };
const APP_ARMOR: ProfileKind = { name: "apparmor", defaults: ["runtime/default"] };

function checkMatch(
  profile: SeccompProfile | AppArmorProfile,
  annotation: string,
  kind: ProfileKind,
  path: string,
  errors: FieldError[],
): void {
  const differs = (what: string, field: string) =>
    errors.push(
      forbiddenField(`${path}.${field}`, `${kind.name} ${what} in annotation and field must match`),
    );
  if (profile.type === "Unconfined") {
    if (annotation !== "unconfined") differs("type", "type");
  } else if (profile.type === "RuntimeDefault") {
    if (!kind.defaults.includes(annotation)) differs("type", "type");
  } else if (profile.type === "Localhost") {
    if (!annotation.startsWith("localhost/")) differs("type", "type");
    else if (annotation.slice("localhost/".length) !== profile.localhostProfile) {
      differs("profile", "localhostProfile");
    }
  }
}
