import { type StatusError, statusError } from "@coracle/shared/machinery/status-error";

/** A strategic merge that cannot be done; upstream answers 500 without a reason. */
export function mergeFailure(message: string): StatusError {
  return statusError("", message, undefined, 500);
}
