// Names of drivers, pools, attributes (upstream: pkg/apis/resource/validation).
import { invalidValue, required, tooLong } from "@coracle/shared/machinery/field-error";
import {
  isCIdentifier,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";
import { validateCsiDriverName } from "../storage/csi-driver-name.ts";

const POOL_BYTES_MAX = 253;
const ID_BYTES_MAX = 32;
const DOMAIN_BYTES_MAX = 63;
/** Of a key with a domain. */
export const QUALIFIED_BYTES_MAX = DOMAIN_BYTES_MAX + 1 + ID_BYTES_MAX;

/** What is a driver's name in CSI is one here. */
export const validateDriverName = validateCsiDriverName;

export const validateLabelName = (name: string, path: string): FieldError[] =>
  invalidTexts(path, name, isQualifiedName(name));

export const validateLabelValue = (value: string, path: string): FieldError[] =>
  invalidTexts(path, value, isValidLabelValue(value));

/** Devices, requests, counters. */
export const validateShortName = (name = "", path = ""): FieldError[] =>
  invalidTexts(path, name, isDns1123Label(name));

export function validatePoolName(name = "", path = ""): FieldError[] {
  if (name === "") return [required(path)];
  const errors = Buffer.byteLength(name) > POOL_BYTES_MAX ? [tooLong(path, POOL_BYTES_MAX)] : [];
  for (const part of name.split("/")) {
    errors.push(...invalidTexts(path, part, isDns1123Subdomain(part)));
  }
  return errors;
}

function validateIdentifier(id: string, path: string): FieldError[] {
  const errors = Buffer.byteLength(id) > ID_BYTES_MAX ? [tooLong(path, ID_BYTES_MAX)] : [];
  return [...errors, ...invalidTexts(path, id, isCIdentifier(id))];
}

/** `[domain/]identifier`. As upstream, three parts go through unseen. */
export function validateQualifiedName(name: string, path: string): FieldError[] {
  const parts = name.split("/");
  const [first = "", second = ""] = parts;
  if (parts.length === 1) return validateIdentifier(first, path);
  if (parts.length > 2) return [];
  return [
    ...(first === ""
      ? [invalidValue(path, "", "the domain must not be empty")]
      : validateDriverName(first, path)),
    ...(second === ""
      ? [invalidValue(path, "", "the name must not be empty")]
      : validateIdentifier(second, path)),
  ];
}

export function validateFullyQualifiedName(name: string, path: string): FieldError[] {
  const errors = validateQualifiedName(name, path);
  if (name.includes("/")) return errors;
  const detail = "a fully qualified name must be a domain and a name separated by a slash";
  return [...errors, invalidValue(path, name, detail)];
}

/** Go's words for what is no UUID. */
function uuidComplaint(text: string): string | undefined {
  const bytes = Buffer.byteLength(text);
  let rest = text;
  if (bytes === 45) {
    if (text.slice(0, 9).toLowerCase() !== "urn:uuid:") {
      return `invalid urn prefix: ${JSON.stringify(text.slice(0, 9))}`;
    }
    rest = text.slice(9);
  } else if (bytes === 38) {
    if (!/^\{.*\}$/s.test(text)) return "invalid bracketed UUID format";
    rest = text.slice(1, -1);
  } else if (bytes === 32) {
    return /^[0-9a-fA-F]{32}$/.test(text) ? undefined : "invalid UUID format";
  } else if (bytes !== 36) return `invalid UUID length: ${bytes}`;
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(rest)
    ? undefined
    : "invalid UUID format";
}

export function validateUid(uid: string, path: string): FieldError[] {
  const complaint = uuidComplaint(uid);
  if (complaint !== undefined) {
    return [invalidValue(path, uid, `error validating uid: ${complaint}`)];
  }
  if (uid.length === 36 && uid === uid.toLowerCase()) return [];
  const detail =
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters";
  return [invalidValue(path, uid, detail)];
}
