import type { Secret } from "@coracle/shared/api/types/core-v1";
import { invalidValue, required, tooLong } from "@coracle/shared/machinery/field-error";
import { isConfigMapKey, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { base64Bytes } from "../base64-bytes.ts";
import { immutableField, invalidTexts, sealedFields } from "../field-rules.ts";
import { goJsonError } from "../go-json-error.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { CONTENT_BYTES_MAX } from "./configmap.ts";
import { keyPairWarning } from "./key-pair.ts";

function setDefaults(secret: Secret): void {
  if (!secret.type) secret.type = "Opaque";
  if (secret.stringData === undefined) return;
  // Written in clear, stored and served in base64.
  const data: Record<string, string> = { ...secret.data };
  for (const key in secret.stringData) {
    data[key] = Buffer.from(secret.stringData[key] as string).toString("base64");
  }
  if (Object.keys(data).length > 0) {
    secret.data = Object.fromEntries(
      Object.keys(data)
        .sort()
        .map((key) => [key, data[key] as string]),
    );
  }
  delete secret.stringData;
}

function validateDockerConfig(data: Secret["data"], key: string): FieldError[] {
  const text = data?.[key];
  if (text === undefined) return [required(`data[${key}]`)];
  const finding = goJsonError(Buffer.from(text, "base64").toString());
  if (finding === undefined) return [];
  return [invalidValue(`data[${key}]`, "<secret contents redacted>", finding)];
}

const requiredKeys = (data: Secret["data"], keys: readonly string[]): FieldError[] =>
  keys.filter((key) => data?.[key] === undefined).map((key) => required(`data[${key}]`));

/** What a Secret of a type that Kubernetes knows has to contain. */
function validateType({ type, data, metadata }: Secret): FieldError[] {
  switch (type) {
    case "kubernetes.io/service-account-token": {
      const key = "kubernetes.io/service-account.name";
      return metadata.annotations?.[key] ? [] : [required(`metadata.annotations[${key}]`)];
    }
    case "kubernetes.io/dockercfg":
      return validateDockerConfig(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return validateDockerConfig(data, ".dockerconfigjson");
    case "kubernetes.io/basic-auth": {
      const missing = requiredKeys(data, ["username", "password"]);
      return missing.length === 2 ? missing : [];
    }
    case "kubernetes.io/ssh-auth":
      return data?.["ssh-privatekey"] ? [] : [required("data[ssh-privatekey]")];
    case "kubernetes.io/tls":
      return requiredKeys(data, ["tls.crt", "tls.key"]);
    default:
      return [];
  }
}

function validateContent(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in secret.data) {
    errors.push(...invalidTexts(`data[${key}]`, key, isConfigMapKey(key)));
    bytes += base64Bytes(secret.data[key] as string);
  }
  if (bytes > CONTENT_BYTES_MAX) errors.push(tooLong("data", CONTENT_BYTES_MAX));
  errors.push(...validateType(secret));
  return errors;
}

function warnings({ type, data }: Secret): string[] {
  if (type !== "kubernetes.io/tls") return [];
  const decoded = (key: string) => Buffer.from(data?.[key] ?? "", "base64").toString();
  const warning = keyPairWarning(decoded("tls.crt"), decoded("tls.key"));
  return warning === undefined ? [] : [warning];
}

export const secretBehaviour: ResourceBehaviour<Secret> = {
  storagePrefix: "secrets",
  setDefaults,
  validateName: isDns1123Subdomain,
  selectableFields: (secret) => ({ type: secret.type ?? "" }),
  strategy: {
    prepareForCreate() {},
    validate: validateContent,
    warningsOnCreate: warnings,
    prepareForUpdate(secret, old) {
      if (!secret.type) secret.type = old.type;
    },
    validateUpdate: (secret, old) => [
      ...repeatMetadataUpdate(secret.metadata, old.metadata),
      ...immutableField(secret.type, old.type, "type"),
      ...sealedFields(secret, old, ["data"]),
      ...repeatObjectMeta(secret.metadata, true, isDns1123Subdomain),
      ...validateContent(secret),
    ],
    warningsOnUpdate: warnings,
  },
  cells: ({ metadata, type, data }, now) => [
    metadata.name,
    type ?? "",
    Object.keys(data ?? {}).length,
    age(metadata.creationTimestamp, now),
  ],
};
