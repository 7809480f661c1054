// Environment of a container: variables, their sources, whole ConfigMaps and Secrets (upstream: ValidateEnv, ValidateEnvFrom).
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "@coracle/shared/api/types/core-v1";
import { invalidValue, notSupported, required } from "@coracle/shared/machinery/field-error";
import {
  isConfigMapKey,
  isDns1123Subdomain,
  isRelaxedEnvironmentVariableName,
  maskTrailingDash,
} from "@coracle/shared/machinery/names";
import { canonical, signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import {
  addInvalid,
  checkNoBacksteps,
  checkQualifiedName,
  checkRequiredLabel,
} from "./findings.ts";

const VARIABLE_FIELD_PATHS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

export function validateEnvironment(
  variables: readonly EnvVar[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  variables?.forEach((variable, i) => {
    const at = `${path}[${i}]`;
    if (!variable.name) errors.push(required(`${at}.name`));
    else {
      const texts = isRelaxedEnvironmentVariableName(variable.name);
      addInvalid(errors, `${at}.name`, variable.name, texts);
    }
    if (variable.valueFrom) validateSource(variable, variable.valueFrom, `${at}.valueFrom`, errors);
  });
}

function validateSource(
  variable: EnvVar,
  source: EnvVarSource,
  path: string,
  errors: FieldError[],
): void {
  let sources = 0;
  if (source.fieldRef) {
    sources++;
    validateFieldRef(source.fieldRef, VARIABLE_FIELD_PATHS, `${path}.fieldRef`, errors);
  }
  if (source.resourceFieldRef) {
    sources++;
    const at = `${path}.resourceFieldRef`;
    validateResourceFieldRef(source.resourceFieldRef, at, errors, false);
  }
  if (source.configMapKeyRef) {
    sources++;
    validateKeyRef(source.configMapKeyRef, `${path}.configMapKeyRef`, errors);
  }
  if (source.secretKeyRef) {
    sources++;
    validateKeyRef(source.secretKeyRef, `${path}.secretKeyRef`, errors);
  }
  if (source.fileKeyRef) {
    sources++;
    validateFileKeyRef(source.fileKeyRef, `${path}.fileKeyRef`, errors);
  }
  if (sources === 0) {
    const detail =
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    errors.push(invalidValue(path, "", detail));
  } else if (variable.value) {
    errors.push(invalidValue(path, "", "may not be specified when `value` is not empty"));
  } else if (sources > 1) {
    errors.push(invalidValue(path, "", "may not have more than one field specified at a time"));
  }
}

const FIELD_LABELS = new Set([
  ...VARIABLE_FIELD_PATHS,
  "metadata.annotations",
  "metadata.labels",
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
  "spec.host",
]);

/** `metadata.labels['key']` → path and key. */
function subscripted(fieldPath: string): { path: string; key: string } | undefined {
  const open = fieldPath.indexOf("['");
  if (open <= 0 || !fieldPath.endsWith("']")) return undefined;
  return { path: fieldPath.slice(0, open), key: fieldPath.slice(open + 2, -2) };
}

/** `supported`: the paths without a subscript. */
export function validateFieldRef(
  ref: ObjectFieldSelector,
  supported: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  const field = `${path}.fieldPath`;
  if (!ref.apiVersion) errors.push(required(`${path}.apiVersion`));
  else if (!ref.fieldPath) errors.push(required(field));
  else {
    const parts = subscripted(ref.fieldPath);
    const refusal = fieldPathRefusal(ref, parts);
    if (refusal !== undefined) {
      errors.push(invalidValue(field, ref.fieldPath, `error converting fieldPath: ${refusal}`));
    } else if (parts) {
      const isLabel = parts.path === "metadata.labels";
      checkQualifiedName(errors, path, isLabel ? parts.key : parts.key.toLowerCase());
    } else {
      const name = ref.fieldPath === "spec.host" ? "spec.nodeName" : ref.fieldPath;
      if (!supported.includes(name)) errors.push(notSupported(field, name, supported));
    }
  }
}

function fieldPathRefusal(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  parts: { path: string } | undefined,
): string | undefined {
  if (apiVersion !== "v1") return `unsupported pod version: ${apiVersion}`;
  if (parts) {
    if (parts.path === "metadata.annotations" || parts.path === "metadata.labels") return undefined;
    return `field label does not support subscript: ${fieldPath}`;
  }
  return FIELD_LABELS.has(fieldPath) ? undefined : `field label not supported: ${fieldPath}`;
}

const RESOURCES = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const HUGE_PAGES = /^(?:requests|limits)\.hugepages-/;
const BYTE_DIVISORS = [
  ...["1", "1k", "1M", "1G", "1T", "1P", "1E"],
  ...["1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"],
];

/** `volume`: in a downward API volume the container has to be named. */
export function validateResourceFieldRef(
  ref: ResourceFieldSelector,
  path: string,
  errors: FieldError[],
  volume: boolean,
): void {
  if (volume && !ref.containerName) errors.push(required(`${path}.containerName`));
  else if (!ref.resource) errors.push(required(`${path}.resource`));
  else if (!RESOURCES.includes(ref.resource) && !HUGE_PAGES.test(ref.resource)) {
    errors.push(notSupported(`${path}.resource`, ref.resource, RESOURCES));
  }
  if (ref.divisor !== undefined && signOf(ref.divisor) !== 0) {
    validateDivisor(ref.resource ?? "", ref.divisor, path, errors);
  }
}

function validateDivisor(
  resource: string,
  divisor: string,
  path: string,
  errors: FieldError[],
): void {
  const kind = HUGE_PAGES.test(resource)
    ? "hugepages"
    : resource.replace(/^(limits|requests)\./, "");
  if (kind === resource) return;
  const stored = canonical(divisor);
  const field = `${path}.divisor`;
  if (kind === "cpu") {
    if (stored === "1m" || stored === "1") return;
    const detail = "only divisor's values 1m and 1 are supported with the cpu resource";
    errors.push(invalidValue(field, resource, detail));
    return;
  }
  const what = kind === "ephemeral-storage" ? "local ephemeral storage" : kind;
  const known = kind === "memory" || kind === "hugepages" || kind === "ephemeral-storage";
  if (!known || BYTE_DIVISORS.includes(stored)) return;
  const detail = `only divisor's values ${BYTE_DIVISORS.join(", ")} are supported with the ${what} resource`;
  errors.push(invalidValue(field, resource, detail));
}

function validateKeyRef(
  ref: { name?: string; key?: string },
  path: string,
  errors: FieldError[],
): void {
  const name = ref.name ?? "";
  addInvalid(errors, `${path}.name`, name, isDns1123Subdomain(name));
  if (!ref.key) errors.push(required(`${path}.key`));
  else addInvalid(errors, `${path}.key`, ref.key, isConfigMapKey(ref.key));
}

function validateFileKeyRef(ref: FileKeySelector, path: string, errors: FieldError[]): void {
  if (!ref.key) errors.push(required(`${path}.key`));
  else addInvalid(errors, `${path}.key`, ref.key, isRelaxedEnvironmentVariableName(ref.key));
  checkRequiredLabel(errors, `${path}.volumeName`, ref.volumeName);
  if (!ref.path) errors.push(required(`${path}.path`));
  else checkNoBacksteps(errors, `${path}.path`, ref.path);
}

export function validateEnvironmentFrom(
  sources: readonly EnvFromSource[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  sources?.forEach((source, i) => {
    const at = `${path}[${i}]`;
    if (source.prefix) {
      const texts = isRelaxedEnvironmentVariableName(source.prefix);
      addInvalid(errors, `${at}.prefix`, source.prefix, texts);
    }
    if (source.configMapRef) validateNameRef(source.configMapRef, `${at}.configMapRef`, errors);
    if (source.secretRef) validateNameRef(source.secretRef, `${at}.secretRef`, errors);
    // Upstream reports these two on the list.
    if (!source.configMapRef && !source.secretRef) {
      const detail = "must specify one of: `configMapRef` or `secretRef`";
      errors.push(invalidValue(path, "", detail));
    } else if (source.configMapRef && source.secretRef) {
      errors.push(invalidValue(path, "", "may not have more than one field specified at a time"));
    }
  });
}

/** Upstream judges this name as a prefix of a generated one. */
function validateNameRef(ref: { name?: string }, path: string, errors: FieldError[]): void {
  if (!ref.name) errors.push(required(`${path}.name`));
  else addInvalid(errors, `${path}.name`, ref.name, isDns1123Subdomain(maskTrailingDash(ref.name)));
}
