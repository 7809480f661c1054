import type { CSIDriver, CSIDriverSpec, TokenRequest } from "@coracle/shared/api/types/storage-v1";
import { duplicate, invalidValue, notSupported } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { deepEqual } from "../deep-equal.ts";
import { immutableField } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";

function setDefaults(driver: CSIDriver): void {
  driver.spec ??= {};
  const { spec } = driver;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

const GROUP_POLICIES = ["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLE_MODES = ["Persistent", "Ephemeral"];
const UPDATE_PERIOD_SECONDS_MIN = 10;

/** Upstream judges what its defaults have set, too; those findings cannot come up. */
function validateSpec(spec: CSIDriverSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.fsGroupPolicy !== undefined && !GROUP_POLICIES.includes(spec.fsGroupPolicy)) {
    errors.push(notSupported("spec.fsGroupPolicy", spec.fsGroupPolicy, GROUP_POLICIES));
  }
  errors.push(...validateTokenRequests(spec.tokenRequests ?? [], "spec.tokenRequests"));
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (LIFECYCLE_MODES.includes(mode)) continue;
    errors.push(notSupported("spec.volumeLifecycleModes", mode, LIFECYCLE_MODES));
  }
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < UPDATE_PERIOD_SECONDS_MIN) {
    const detail = "must be greater than or equal to 10 seconds";
    errors.push(invalidValue("spec.nodeAllocatableUpdatePeriodSeconds", period, detail));
  }
  if (spec.serviceAccountTokenInSecrets !== undefined && !spec.tokenRequests?.length) {
    const field = "spec.serviceAccountTokenInSecrets";
    const detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
    errors.push(invalidValue(field, spec.serviceAccountTokenInSecrets, detail));
  }
  return errors;
}

const EXPIRATION_SECONDS_MIN = 600;
const EXPIRATION_SECONDS_MAX = 2 ** 32;

function validateTokenRequests(requests: readonly TokenRequest[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const audiences = new Set<string>();
  requests.forEach(({ audience = "", expirationSeconds }, i) => {
    if (audiences.has(audience)) {
      errors.push(duplicate(`${path}[${i}].audience`, audience));
      return;
    }
    audiences.add(audience);
    if (expirationSeconds === undefined) return;
    const field = `${path}[${i}].expirationSeconds`;
    if (expirationSeconds < EXPIRATION_SECONDS_MIN) {
      const detail = "may not specify a duration less than 10 minutes";
      errors.push(invalidValue(field, expirationSeconds, detail));
    }
    if (expirationSeconds > EXPIRATION_SECONDS_MAX) {
      const detail = "may not specify a duration larger than 2^32 seconds";
      errors.push(invalidValue(field, expirationSeconds, detail));
    }
  });
  return errors;
}

const TOKENS_IN_ATTRIBUTES =
  "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";

const tokenWarnings = ({ spec }: CSIDriver): string[] =>
  spec.tokenRequests?.length && spec.serviceAccountTokenInSecrets === undefined
    ? [TOKENS_IN_ATTRIBUTES]
    : [];

/** The gate VolumeLimitScaling is off by default upstream. */
function dropGated(spec: CSIDriverSpec): void {
  delete spec.preventPodSchedulingIfMissing;
}

export const csiDriverBehaviour: ResourceBehaviour<CSIDriver> = {
  storagePrefix: "csidrivers",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate: ({ spec }) => dropGated(spec),
    validate: ({ spec }) => validateSpec(spec),
    warningsOnCreate: tokenWarnings,
    prepareForUpdate(driver, old) {
      dropGated(driver.spec);
      if (deepEqual(driver.spec, old.spec)) return;
      driver.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: ({ metadata, spec }, old) => [
      ...repeatMetadataUpdate(metadata, old.metadata),
      ...validateSpec(spec),
      // The field's name is upstream's.
      ...immutableField(spec.attachRequired, old.spec.attachRequired, "spec.attachedRequired"),
      ...immutableField(
        spec.volumeLifecycleModes,
        old.spec.volumeLifecycleModes,
        "spec.volumeLifecycleModes",
      ),
    ],
    warningsOnUpdate: (driver, old) =>
      deepEqual(driver.spec.tokenRequests, old.spec.tokenRequests) ? [] : tokenWarnings(driver),
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    spec.attachRequired ?? true,
    spec.podInfoOnMount ?? false,
    spec.storageCapacity ?? false,
    spec.tokenRequests?.map(({ audience }) => audience ?? "").join(",") ?? "<unset>",
    spec.requiresRepublish ?? false,
    spec.volumeLifecycleModes?.join(",") || "<none>",
    age(metadata.creationTimestamp, now),
  ],
};
