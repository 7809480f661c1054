// One table of every error that the API speaks: reason → HTTP code, with the exact words of upstream
// (apimachinery pkg/api/errors). Clients match on them.
import type { Status, StatusCause, StatusDetails } from "../api/types/meta-v1.ts";

export const reasonCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  Gone: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
} as const;

export type StatusReason = keyof typeof reasonCodes;

/** An API error: thrown anywhere in the API server and rebuilt by the client from a reply. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? "unknown error");
    this.name = "StatusError";
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }
}

/** `reason` may be "" (upstream's StatusReasonUnknown), then `code` has to be given. */
export function statusError(
  reason: StatusReason | "",
  message: string,
  details?: StatusDetails,
  code?: number,
): StatusError {
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
  };
  if (reason !== "") status.reason = reason;
  if (details !== undefined) status.details = details;
  status.code = code ?? (reason === "" ? 500 : reasonCodes[reason]);
  return new StatusError(status);
}

/** A resource as errors name it: `pods`, or `deployments.apps`. */
export interface GroupResource {
  group: string;
  resource: string;
}

export function qualified({ group, resource }: GroupResource): string {
  return group === "" ? resource : `${resource}.${group}`;
}

/** `name` and `kind` only when there is one, in upstream's order. */
function detailsOf(
  name: string,
  group: string,
  kind: string,
  rest?: Partial<StatusDetails>,
): StatusDetails {
  const details: StatusDetails = {};
  if (name !== "") details.name = name;
  if (group !== "") details.group = group;
  if (kind !== "") details.kind = kind;
  return { ...details, ...rest };
}

export const badRequest = (message: string): StatusError => statusError("BadRequest", message);

export const unauthorized = (): StatusError => statusError("Unauthorized", "Unauthorized");

export const forbidden = (of: GroupResource, name: string, why: string): StatusError =>
  statusError(
    "Forbidden",
    name === ""
      ? `${qualified(of)} is forbidden: ${why}`
      : `${qualified(of)} "${name}" is forbidden: ${why}`,
    detailsOf(name, of.group, of.resource),
  );

export const notFound = (of: GroupResource, name: string): StatusError =>
  statusError(
    "NotFound",
    `${qualified(of)} "${name}" not found`,
    detailsOf(name, of.group, of.resource),
  );

/** For a path that no resource serves. */
export const pathNotFound = (): StatusError =>
  statusError("NotFound", "the server could not find the requested resource", {});

export const alreadyExists = (of: GroupResource, name: string): StatusError =>
  statusError(
    "AlreadyExists",
    `${qualified(of)} "${name}" already exists`,
    detailsOf(name, of.group, of.resource),
  );

export const conflict = (of: GroupResource, name: string, why: string): StatusError =>
  statusError(
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(of)} "${name}": ${why}`,
    detailsOf(name, of.group, of.resource),
  );

export const STALE =
  "the object has been modified; please apply your changes to the latest version and try again";

export const methodNotSupported = (of: GroupResource, action: string): StatusError =>
  statusError(
    "MethodNotAllowed",
    `${action} is not supported on resources of kind "${qualified(of)}"`,
    detailsOf("", of.group, of.resource),
  );

/** A resource version that is no longer kept. */
export const expired = (message: string): StatusError => statusError("Expired", message);

export const internalError = (message: string): StatusError =>
  statusError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });

/** One finding of validation. `field` is a path such as `spec.containers[0].image`. */
export interface FieldError {
  type:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueDuplicate"
    | "FieldValueNotSupported"
    | "FieldValueForbidden"
    | "FieldValueNotFound"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueTypeInvalid"
    | "InternalError";
  field: string;
  /** The whole cause message without the path, e.g. `Invalid value: "x": must be …`. */
  message: string;
}

/** 422: every finding as a cause, the message joined as upstream's aggregate does (duplicates once). */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  errors: FieldError[],
): StatusError {
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))];
  const joined = texts.length === 1 ? (texts[0] as string) : `[${texts.join(", ")}]`;
  const causes: StatusCause[] = errors.map((e) => ({
    reason: e.type,
    message: e.message,
    field: e.field,
  }));
  const what = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  const message = `${what} ${JSON.stringify(name)} is invalid${errors.length > 0 ? `: ${joined}` : ""}`;
  return statusError("Invalid", message, detailsOf(name, kind.group, kind.kind, { causes }));
}

const hasReason = (error: unknown, reason: StatusReason): error is StatusError =>
  error instanceof StatusError && error.reason === reason;

export const isNotFound = (error: unknown): error is StatusError => hasReason(error, "NotFound");
export const isAlreadyExists = (error: unknown): error is StatusError =>
  hasReason(error, "AlreadyExists");
export const isConflict = (error: unknown): error is StatusError => hasReason(error, "Conflict");
export const isInvalid = (error: unknown): error is StatusError => hasReason(error, "Invalid");
export const isForbidden = (error: unknown): error is StatusError => hasReason(error, "Forbidden");
/** The revision asked for is gone (410): list again. */
export const isExpired = (error: unknown): error is StatusError =>
  hasReason(error, "Expired") || hasReason(error, "Gone");
