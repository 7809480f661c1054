// The refusals of a request's body, in upstream's words (apiserver endpoints/handlers,
// runtime.Scheme).
import type { StatusError } from "@coracle/shared/machinery/status-error";
import { badRequest, statusError } from "@coracle/shared/machinery/status-error";

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

export const BODY_MEDIA_TYPES = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
] as const;

export const unsupportedMediaType = (accepted: readonly string[] = BODY_MEDIA_TYPES): StatusError =>
  statusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );

export const groupVersionText = (of: { group: string; version: string }): string =>
  of.group === "" ? of.version : `${of.group}/${of.version}`;

const SUMMARY_MAX = 30;

/** The start of a body: as text when it looks like JSON, else in hexadecimal digits. */
function summary(body: Buffer): string {
  if (body.length === 0) return "<empty>";
  const start = body.subarray(0, SUMMARY_MAX).toString(body[0] === 0x7b ? "utf8" : "hex");
  return body.length > SUMMARY_MAX ? `${start} ...` : start;
}

/** The body tells no kind. */
export const unrecognized = (expected: GroupVersionKind, why: string, body: Buffer): StatusError =>
  badRequest(
    `the object provided is unrecognized (must be of type ${expected.kind}): ${why} (${summary(body)})`,
  );

/** The body tells its kind but cannot be decoded, or not as what the path takes. */
export const cannotBeHandled = (
  actual: GroupVersionKind,
  expected: GroupVersionKind,
  why: string,
): StatusError =>
  badRequest(
    `${actual.kind} in version ${JSON.stringify(actual.version)} cannot be handled as a ${expected.kind}: ${why}`,
  );

export const strictText = (errors: readonly string[]): string =>
  `strict decoding error: ${errors.join(", ")}`;

export const noKindRegistered = (of: GroupVersionKind): string =>
  `no kind ${JSON.stringify(of.kind)} is registered for version ${JSON.stringify(groupVersionText(of))} in scheme "pkg/runtime/scheme.go:111"`;

/** Go's package of the unversioned types: the first part of the group. */
export const packageOf = (group: string): string =>
  group === "" ? "core" : (group.split(".")[0] as string);

export const unknownConversion = (actual: GroupVersionKind, expected: GroupVersionKind): string =>
  `converting (${actual.version}.${actual.kind}) to (${packageOf(expected.group)}.${expected.kind}): unknown conversion`;

export const versionMismatch = (
  actual: GroupVersionKind,
  expected: GroupVersionKind,
): StatusError =>
  badRequest(
    `the API version in the data (${groupVersionText(actual)}) does not match the expected API version (${groupVersionText(expected)})`,
  );
