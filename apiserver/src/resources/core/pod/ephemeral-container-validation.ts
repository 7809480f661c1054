// Ephemeral containers: what debugging adds to a running Pod (upstream: validateEphemeralContainers).
import type { EphemeralContainer } from "@coracle/shared/api/types/core-v1";
import { duplicate, forbiddenField, notFoundField } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { type ContainerSurroundings, checkImage, validateCommon } from "./container-validation.ts";

/** In the order of upstream's struct. */
const NOT_ALLOWED = [
  "ports",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
] as const;

const DETAIL = "cannot be set for an Ephemeral Container";

export function validateEphemeralContainers(
  surroundings: ContainerSurroundings,
  path: string,
  errors: FieldError[],
): void {
  const { containers, initContainers, ephemeralContainers = [] } = surroundings.spec;
  const all = [...(containers ?? []), ...(initContainers ?? [])];
  const others = new Set(all.map((container) => container.name));
  const names = new Set(others);
  ephemeralContainers.forEach((container, i) => {
    const at = `${path}[${i}]`;
    validateCommon(container, surroundings, at, errors);
    checkImage(container, at, errors);
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name ?? ""));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) {
      errors.push(notFoundField(`${at}.targetContainerName`, target));
    }
    checkAllowed(container, at, errors);
  });
}

function checkAllowed(container: EphemeralContainer, at: string, errors: FieldError[]): void {
  for (const field of NOT_ALLOWED) {
    const value = container[field];
    if (value == null) continue;
    if (typeof value === "object" && Object.keys(value).length === 0 && !isProbe(field)) continue;
    errors.push(forbiddenField(`${at}.${field}`, DETAIL));
  }
  container.volumeMounts?.forEach((mount, i) => {
    const path = `${at}.volumeMounts[${i}]`;
    if (mount.subPath) errors.push(forbiddenField(`${path}.subPath`, DETAIL));
    if (mount.subPathExpr) errors.push(forbiddenField(`${path}.subPathExpr`, DETAIL));
  });
}

/** Pointers in upstream's struct: even an empty one counts as set. */
const isProbe = (field: string): boolean => field.endsWith("Probe") || field === "lifecycle";
