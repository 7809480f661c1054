// What a user may do. Until access rules (RBAC) are served, the rule is fixed: administrators and the cluster's own
// components may do everything, everybody may ask for health and version, nobody else anything.
import { forbidden, type StatusError, statusError } from "@coracle/shared/machinery/status-error";
import type { User } from "../registry/user.ts";
import type { RequestInfo } from "./request-info.ts";

const TRUSTED_GROUPS = new Set(["system:masters", "system:nodes"]);
const TRUSTED_USERS = new Set(["system:kube-controller-manager", "system:kube-scheduler"]);
const PUBLIC_PATH = /^\/(healthz|livez|readyz)(\/|$)|^\/version\/?$/;

function isAllowed(user: User, info: RequestInfo): boolean {
  if (TRUSTED_USERS.has(user.name)) return true;
  if (user.groups.some((group) => TRUSTED_GROUPS.has(group))) return true;
  return !info.isResource && info.verb === "get" && PUBLIC_PATH.test(info.path);
}

/** Throws upstream's 403 when `user` may not do what `info` says. */
export function authorize(user: User, info: RequestInfo): void {
  if (!isAllowed(user, info)) throw denial(user, info);
}

function denial(user: User, info: RequestInfo): StatusError {
  if (!info.isResource) {
    const message = `forbidden: User "${user.name}" cannot ${info.verb} path "${info.path}"`;
    return statusError("Forbidden", message, {});
  }
  const resource = info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`;
  const where =
    info.namespace === "" ? "at the cluster scope" : `in the namespace "${info.namespace}"`;
  return forbidden(
    { group: info.group, resource: info.resource },
    info.name,
    `User "${user.name}" cannot ${info.verb} resource "${resource}" in API group "${info.group}" ${where}`,
  );
}
