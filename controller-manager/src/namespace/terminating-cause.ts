// The refusal of a creation in a namespace that is going away: nothing to report, and no reason to
// try again.
import { StatusError } from "@coracle/shared/machinery/status-error";

export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating");
