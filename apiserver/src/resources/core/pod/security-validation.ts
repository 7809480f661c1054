// Security contexts of Pods and containers on Linux; Windows has a file of its own (upstream: ValidateSecurityContext,
// validatePodSpecSecurityContext).
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isValidUserId } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { addInvalid, checkRelativePath } from "./findings.ts";
import { internalForm } from "./internal-form.ts";
import { validateWindowsOptions } from "./windows-validation.ts";

const PROFILE_TYPES = ["Localhost", "RuntimeDefault", "Unconfined"];

function checkId(errors: FieldError[], field: string, id: number | undefined): void {
  if (id !== undefined) addInvalid(errors, field, id, isValidUserId(id));
}

export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: string,
  errors: FieldError[],
): void {
  if (!context) return;
  checkId(errors, `${path}.runAsUser`, context.runAsUser);
  checkId(errors, `${path}.runAsGroup`, context.runAsGroup);
  const { procMount } = context;
  if (procMount !== undefined) {
    if (procMount !== "Default" && procMount !== "Unmasked") {
      errors.push(notSupported(`${path}.procMount`, procMount, ["Default", "Unmasked"]));
    }
    if (hostUsers && procMount === "Unmasked") {
      const detail = "`hostUsers` must be false to use `Unmasked`";
      errors.push(invalidValue(`${path}.procMount`, procMount, detail));
    }
  }
  validateSeccomp(context.seccompProfile, `${path}.seccompProfile`, errors);
  if (context.allowPrivilegeEscalation === false) checkEscalation(context, path, errors);
  if (context.windowsOptions) {
    validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors);
  }
  validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`, errors);
}

function checkEscalation(context: SecurityContext, path: string, errors: FieldError[]): void {
  const shown = () => internalForm("SecurityContext", context);
  if (context.privileged) {
    const detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
    errors.push(invalidValue(path, shown(), detail));
  }
  for (const capability of context.capabilities?.add ?? []) {
    if (capability !== "CAP_SYS_ADMIN") continue;
    const detail =
      "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
    errors.push(invalidValue(path, shown(), detail));
  }
}

function validateSeccomp(
  profile: SeccompProfile | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (!type) {
    errors.push(required(`${path}.type`, "type is required when seccompProfile is set"));
  } else if (!PROFILE_TYPES.includes(type)) {
    errors.push(notSupported(`${path}.type`, type, PROFILE_TYPES));
  }
  const field = `${path}.localhostProfile`;
  if (type === "Localhost") {
    if (localhostProfile === undefined) {
      errors.push(required(field, "must be set when seccomp type is Localhost"));
    } else {
      checkRelativePath(errors, field, localhostProfile);
    }
  } else if (localhostProfile !== undefined) {
    const detail = "can only be set when seccomp type is Localhost";
    errors.push(invalidValue(field, internalForm("SeccompProfile", profile), detail));
  }
}

const APP_ARMOR_PROFILE_MAX = 4095;

export function validateAppArmor(
  profile: AppArmorProfile | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const field = `${path}.localhostProfile`;
  if (!type) {
    errors.push(required(`${path}.type`, "type is required when appArmorProfile is set"));
  } else if (!PROFILE_TYPES.includes(type)) {
    errors.push(notSupported(`${path}.type`, type, PROFILE_TYPES));
  } else if (type !== "Localhost") {
    if (localhostProfile === undefined) return;
    const detail = "can only be set when AppArmor type is Localhost";
    errors.push(invalidValue(field, localhostProfile, detail));
  } else if (localhostProfile === undefined || localhostProfile === "") {
    errors.push(required(field, "must be set when AppArmor type is Localhost"));
  } else {
    if (localhostProfile !== localhostProfile.trim()) {
      errors.push(invalidValue(field, localhostProfile, "must not be padded with whitespace"));
    }
    if (Buffer.byteLength(localhostProfile) > APP_ARMOR_PROFILE_MAX) {
      errors.push(tooLong(field, APP_ARMOR_PROFILE_MAX));
    }
  }
}

export function validatePodSecurityContext(
  context: PodSecurityContext,
  spec: PodSpec,
  path: string,
  errors: FieldError[],
): void {
  checkId(errors, `${path}.fsGroup`, context.fsGroup);
  checkId(errors, `${path}.runAsUser`, context.runAsUser);
  checkId(errors, `${path}.runAsGroup`, context.runAsGroup);
  context.supplementalGroups?.forEach((group, i) => {
    checkId(errors, `${path}.supplementalGroups[${i}]`, group);
  });
  if (spec.shareProcessNamespace && spec.hostPID) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalidValue(`${path}.shareProcessNamespace`, true, detail));
  }
  if (context.sysctls) validateSysctls(context, spec, `${path}.sysctls`, errors);
  checkChoice(errors, `${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, [
    "Always",
    "OnRootMismatch",
  ]);
  validateSeccomp(context.seccompProfile, `${path}.seccompProfile`, errors);
  if (context.windowsOptions) {
    validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors);
  }
  validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`, errors);
  checkChoice(errors, `${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, [
    "Merge",
    "Strict",
  ]);
  // MountOption is behind a gate that is off.
  checkChoice(errors, `${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ["Recursive"]);
}

/** An absent value is fine, an empty one is not. */
function checkChoice(
  errors: FieldError[],
  field: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (value !== undefined && !supported.includes(value)) {
    errors.push(notSupported(field, value, supported));
  }
}

const SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const sysctlPattern = new RegExp(SYSCTL);
const SYSCTL_MAX = 253;

function validateSysctls(
  { sysctls }: PodSecurityContext,
  spec: PodSpec,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  sysctls?.forEach((sysctl, i) => {
    const field = `${path}[${i}].name`;
    const name = sysctl.name ?? "";
    if (name === "") errors.push(required(field));
    else if (name.length > SYSCTL_MAX || !sysctlPattern.test(name)) {
      const detail = `must have at most ${SYSCTL_MAX} characters and match regex ${SYSCTL}`;
      errors.push(invalidValue(field, name, detail));
    } else if (seen.has(name)) errors.push(duplicate(field, name));
    const namespace = sysctlNamespace(name);
    if (spec.hostNetwork && namespace === "net") {
      errors.push(invalidValue(field, name, "may not be specified when 'hostNetwork' is true"));
    } else if (spec.hostIPC && namespace === "ipc") {
      errors.push(invalidValue(field, name, "may not be specified when 'hostIPC' is true"));
    }
    seen.add(name);
  });
}

/** Slashes and dots both separate; the first of them says which. */
function sysctlNamespace(name: string): "net" | "ipc" | undefined {
  const first = name.search(/[./]/);
  const dotted =
    first >= 0 && name[first] === "/"
      ? name.replace(/[./]/g, (separator) => (separator === "/" ? "." : "/"))
      : name;
  const star = dotted.indexOf("*");
  const known = star < 0 ? dotted : dotted.slice(0, star);
  if (IPC_SYSCTLS.has(known) || known.startsWith("fs.mqueue.")) return "ipc";
  return known.startsWith("net.") ? "net" : undefined;
}

const IPC_SYSCTLS = new Set([
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
  "kernel.shm",
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.msg",
]);
