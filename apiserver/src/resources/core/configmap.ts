import type { ConfigMap } from "@coracle/shared/api/types/core-v1";
import { invalidValue, tooLong } from "@coracle/shared/machinery/field-error";
import { isConfigMapKey, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { base64Bytes } from "../base64-bytes.ts";
import { invalidTexts, sealedFields } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";

export const CONTENT_BYTES_MAX = 1024 * 1024;

function validateContent({ data, binaryData }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in data) {
    errors.push(...invalidTexts(`data[${key}]`, key, isConfigMapKey(key)));
    if (binaryData !== undefined && Object.hasOwn(binaryData, key)) {
      errors.push(invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData"));
    }
    bytes += Buffer.byteLength(data[key] as string);
  }
  for (const key in binaryData) {
    errors.push(...invalidTexts(`binaryData[${key}]`, key, isConfigMapKey(key)));
    bytes += base64Bytes(binaryData[key] as string);
  }
  if (bytes > CONTENT_BYTES_MAX) errors.push(tooLong("", CONTENT_BYTES_MAX));
  return errors;
}

export const configMapBehaviour: ResourceBehaviour<ConfigMap> = {
  storagePrefix: "configmaps",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate() {},
    validate: validateContent,
    prepareForUpdate() {},
    validateUpdate: (configMap, old) => [
      ...repeatMetadataUpdate(configMap.metadata, old.metadata),
      ...sealedFields(configMap, old, ["data", "binaryData"]),
      ...repeatObjectMeta(configMap.metadata, true, isDns1123Subdomain),
      ...validateContent(configMap),
    ],
  },
  cells: ({ metadata, data, binaryData }, now) => [
    metadata.name,
    Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    age(metadata.creationTimestamp, now),
  ],
};
