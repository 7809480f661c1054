// Pods of one operating system: Windows options, host process Pods, what the other system may not set (upstream:
// validateWindowsSecurityContextOptions, validateWindowsHostProcessPod, validateLinux, validateWindows, validateOS).
import type { PodSpec, WindowsSecurityContextOptions } from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { addInvalid, forbidAll } from "./findings.ts";
import { visitContainers } from "./visit-containers.ts";

const GMSA_SPEC_KIB_MAX = 64;
const DOMAIN_LENGTH_END = 256;
const USER_LENGTH_MAX = 104;

const controlCharacters = /[\x00-\x1f\x7f]/;
const netBiosDomain = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DOMAIN_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const dnsDomain = new RegExp(`^${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*$`);
const onlyDotsAndSpaces = /^[. ]+$/;
const forbiddenInUser = /["/\\:;|=,+*?<>@[\]]/;

export function validateWindowsOptions(
  options: WindowsSecurityContextOptions,
  path: string,
  errors: FieldError[],
): void {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName } = options;
  if (name !== undefined) {
    addInvalid(errors, `${path}.gmsaCredentialSpecName`, name, isDns1123Subdomain(name));
  }
  if (spec !== undefined) {
    const field = `${path}.gmsaCredentialSpec`;
    if (spec === "") {
      errors.push(invalidValue(field, spec, "gmsaCredentialSpec cannot be an empty string"));
    } else if (Buffer.byteLength(spec) > GMSA_SPEC_KIB_MAX * 1024) {
      const detail = `gmsaCredentialSpec size must be under ${GMSA_SPEC_KIB_MAX} KiB`;
      errors.push(invalidValue(field, spec, detail));
    }
  }
  if (runAsUserName !== undefined) {
    const field = `${path}.runAsUserName`;
    for (const detail of userNameFindings(runAsUserName)) {
      const finding = invalidValue(field, runAsUserName, detail);
      // Upstream has a pointer here, and so prints the value as JSON for a page.
      const shown = JSON.stringify(runAsUserName).replace(/[<>&]/g, escapeForPage);
      errors.push({ ...finding, message: `Invalid value: ${shown}: ${detail}` });
    }
  }
}

const escapeForPage = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

function userNameFindings(name: string): string[] {
  if (name === "") return ["runAsUserName cannot be an empty string"];
  if (controlCharacters.test(name)) return ["runAsUserName cannot contain control characters"];
  const parts = name.split("\\");
  if (parts.length > 2) return ["runAsUserName cannot contain more than one backslash"];
  const findings: string[] = [];
  const user = parts[parts.length - 1] as string;
  if (parts.length === 2) {
    const domain = parts[0] as string;
    if (Buffer.byteLength(domain) >= DOMAIN_LENGTH_END) {
      findings.push(`runAsUserName's Domain length must be under ${DOMAIN_LENGTH_END} characters`);
    }
    if (!netBiosDomain.test(domain) && !dnsDomain.test(domain)) {
      findings.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
  }
  if (user === "") findings.push("runAsUserName's User cannot be empty");
  else if (Buffer.byteLength(user) > USER_LENGTH_MAX) {
    findings.push(
      `runAsUserName's User length must not be longer than ${USER_LENGTH_MAX} characters`,
    );
  }
  if (onlyDotsAndSpaces.test(user)) {
    findings.push("runAsUserName's User cannot contain only periods or spaces");
  }
  if (forbiddenInUser.test(user)) {
    findings.push(
      `runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`,
    );
  }
  return findings;
}

/** All containers are host processes, or none; they need the host's network. */
export function validateHostProcess(spec: PodSpec, path: string, errors: FieldError[]): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let containers = 0;
  let hostProcesses = 0;
  visitContainers(spec, path, (container, at) => {
    containers++;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.push(invalidValue(`${at}.securityContext.windowsOptions.hostProcess`, own, detail));
    }
    if (own ?? ofPod) hostProcesses++;
  });
  if (hostProcesses === 0) return;
  if (hostProcesses !== containers) {
    const detail =
      "If pod contains any hostProcess containers then all containers must be HostProcess containers";
    errors.push(invalidValue(path, "", detail));
  }
  if (!spec.hostNetwork) {
    const detail = "hostNetwork must be true if pod contains any hostProcess containers";
    errors.push(invalidValue(`${path}.hostNetwork`, false, detail));
  }
}

export function validateOperatingSystem(spec: PodSpec, path: string, errors: FieldError[]): void {
  const name = spec.os?.name;
  if (!name) errors.push(required(`${path}.os.name`));
  else if (name === "linux") validateLinux(spec, path, errors);
  else if (name === "windows") validateWindows(spec, path, errors);
  else errors.push(notSupported(`${path}.os`, name, ["linux", "windows"]));
}

function validateLinux(spec: PodSpec, path: string, errors: FieldError[]): void {
  const detail = "windows options cannot be set for a linux pod";
  if (spec.securityContext?.windowsOptions) {
    errors.push(forbiddenField(`${path}.securityContext.windowsOptions`, detail));
  }
  visitContainers(spec, path, (container, at) => {
    if (!container.securityContext?.windowsOptions) return;
    errors.push(forbiddenField(`${at}.securityContext.windowsOptions`, detail));
  });
}

const NOT_ON_WINDOWS = "cannot be set for a windows pod";

function validateWindows(spec: PodSpec, path: string, errors: FieldError[]): void {
  const context = spec.securityContext ?? {};
  const sysctls = context.sysctls?.length ? context.sysctls : undefined;
  const ofPod = [
    ["securityContext.appArmorProfile", context.appArmorProfile],
    ["securityContext.seLinuxOptions", context.seLinuxOptions],
    ["hostUsers", spec.hostUsers],
    ["hostPID", spec.hostPID || undefined],
    ["hostIPC", spec.hostIPC || undefined],
    ["securityContext.seccompProfile", context.seccompProfile],
    ["securityContext.fsGroup", context.fsGroup],
    ["securityContext.fsGroupChangePolicy", context.fsGroupChangePolicy],
    ["securityContext.sysctls", sysctls],
    ["shareProcessNamespace", spec.shareProcessNamespace],
    ["securityContext.runAsUser", context.runAsUser],
    ["securityContext.runAsGroup", context.runAsGroup],
    ["securityContext.supplementalGroups", context.supplementalGroups],
    ["securityContext.supplementalGroupsPolicy", context.supplementalGroupsPolicy],
    ["securityContext.seLinuxChangePolicy", context.seLinuxChangePolicy],
  ] as const;
  forbidAll(errors, path, ofPod, NOT_ON_WINDOWS);
  visitContainers(spec, path, (container, at) => {
    const own = container.securityContext;
    if (!own) return;
    const ofContainer = [
      ["appArmorProfile", own.appArmorProfile],
      ["seLinuxOptions", own.seLinuxOptions],
      ["seccompProfile", own.seccompProfile],
      ["capabilities", own.capabilities],
      ["readOnlyRootFilesystem", own.readOnlyRootFilesystem],
      ["privileged", own.privileged],
      ["allowPrivilegeEscalation", own.allowPrivilegeEscalation],
      ["procMount", own.procMount],
      ["runAsUser", own.runAsUser],
      ["runAsGroup", own.runAsGroup],
    ] as const;
    forbidAll(errors, `${at}.securityContext`, ofContainer, NOT_ON_WINDOWS);
  });
}
