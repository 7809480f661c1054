// Projected volumes (upstream: validateProjectedVolumeSource). Trust bundles and Pod certificates are behind gates that are
// off: prepareForCreate has dropped them before.
import type {
  ProjectedVolumeSource,
  SecretProjection,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from "@coracle/shared/api/types/core-v1";
import { forbiddenField, invalidValue, required } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { checkVolumePath } from "./findings.ts";
import { checkMode, validateDownwardFile, validateKeyToPath } from "./volume-file-validation.ts";

export function validateProjected(
  projected: ProjectedVolumeSource,
  path: string,
  errors: FieldError[],
): void {
  checkMode(errors, `${path}.defaultMode`, projected.defaultMode);
  const taken = new Set<string>();
  projected.sources?.forEach((source, i) => {
    validateProjection(source, taken, path, `${path}.sources[${i}]`, errors);
  });
}

/** `shown` is what upstream prints of a path that is taken. */
function takePath(
  file: string | undefined,
  shown: string,
  taken: Set<string>,
  path: string,
  errors: FieldError[],
): void {
  if (!file) return;
  if (taken.has(file)) errors.push(invalidValue(path, shown, "conflicting duplicate paths"));
  taken.add(file);
}

function validateProjection(
  source: VolumeProjection,
  taken: Set<string>,
  path: string,
  at: string,
  errors: FieldError[],
): void {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  if (secret) validateKeys(secret, taken, path, `${at}.secret`, errors);
  if (configMap) validateKeys(configMap, taken, path, `${at}.configMap`, errors);
  if (downwardAPI) {
    for (const file of downwardAPI.items ?? []) {
      validateDownwardFile(file, `${at}.downwardAPI`, errors);
      takePath(file.path, file.path ?? "", taken, path, errors);
    }
  }
  if (serviceAccountToken) validateToken(serviceAccountToken, path, at, errors);
  const sources = [secret, configMap, downwardAPI, serviceAccountToken].filter(Boolean).length;
  if (sources > 1) {
    errors.push(forbiddenField(at, "may not specify more than 1 volume type per source"));
  }
}

function validateKeys(
  source: SecretProjection,
  taken: Set<string>,
  path: string,
  at: string,
  errors: FieldError[],
): void {
  if (!source.name) errors.push(required(`${at}.name`));
  source.items?.forEach((item, i) => {
    validateKeyToPath(item, `${at}.items[${i}]`, errors);
    takePath(item.path, source.name ?? "", taken, path, errors);
  });
}

const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;

function validateToken(
  token: ServiceAccountTokenProjection,
  path: string,
  at: string,
  errors: FieldError[],
): void {
  const seconds = token.expirationSeconds ?? 0;
  const field = `${at}.serviceAccountToken.expirationSeconds`;
  if (seconds < TOKEN_SECONDS_MIN) {
    const detail = "may not specify a duration less than 10 minutes";
    errors.push(invalidValue(field, seconds, detail));
  }
  if (seconds > TOKEN_SECONDS_MAX) {
    const detail = "may not specify a duration larger than 2^32 seconds";
    errors.push(invalidValue(field, seconds, detail));
  }
  // Upstream has these on the volume.
  if (!token.path) errors.push(required(`${path}.path`));
  else checkVolumePath(errors, `${path}.path`, token.path);
}
