// What a user may do. Until access rules (RBAC) are enforced, the rule is fixed: administrators and the cluster's own
// components may do everything; everybody else may do what upstream's roles system:public-info-viewer, system:discovery,
// system:basic-user and system:service-account-issuer-discovery say, and nothing more.
import { forbidden, type StatusError, statusError } from "@coracle/shared/machinery/status-error";
import type { User } from "../registry/user.ts";
import type { RequestInfo } from "./request-info.ts";

/** What somebody wants to do, apart from who it is. */
export type AccessAttributes = Pick<
  RequestInfo,
  "isResource" | "group" | "resource" | "subresource" | "namespace" | "name" | "path"
> & { verb: string };

export interface ResourceRule {
  verbs: readonly string[];
  apiGroups: readonly string[];
  resources: readonly string[];
}

export interface NonResourceRule {
  verbs: readonly string[];
  nonResourceURLs: readonly string[];
}

export interface SubjectRules {
  resourceRules: readonly ResourceRule[];
  nonResourceRules: readonly NonResourceRule[];
}

export interface Decision {
  allowed: boolean;
  /** Why, as a SubjectAccessReview tells; "" when there is nothing to tell. */
  reason: string;
}

export interface Authorizer {
  decide(user: User, attributes: AccessAttributes): Decision;
  /** All that a user may do, as a SelfSubjectRulesReview shows it. */
  rulesOf(user: User): SubjectRules;
}

export const AUTHORIZATION_MODES = ["Trusted", "AlwaysAllow"] as const;
/** `Trusted` is the fixed rule above. */
export type AuthorizationMode = (typeof AUTHORIZATION_MODES)[number];

const TRUSTED_GROUPS = new Set(["system:masters", "system:nodes"]);
const TRUSTED_USERS = new Set(["system:kube-controller-manager", "system:kube-scheduler"]);

/** What upstream's cluster role of this name gives to everybody in a group. */
interface Grant extends SubjectRules {
  role: string;
  groups: readonly string[];
}

const anyResource: ResourceRule = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
const anyPath: NonResourceRule = { verbs: ["*"], nonResourceURLs: ["*"] };

const mayCreate = (group: string, ...resources: string[]): ResourceRule => ({
  verbs: ["create"],
  apiGroups: [group],
  resources,
});
const mayGet = (...nonResourceURLs: string[]): NonResourceRule => ({
  verbs: ["get"],
  nonResourceURLs,
});

const grants: readonly Grant[] = [
  {
    role: "system:basic-user",
    groups: ["system:authenticated"],
    resourceRules: [
      mayCreate("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
      mayCreate("authentication.k8s.io", "selfsubjectreviews"),
    ],
    nonResourceRules: [],
  },
  {
    role: "system:discovery",
    groups: ["system:authenticated"],
    resourceRules: [],
    nonResourceRules: [
      mayGet(
        ...["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*"],
        ...["/readyz", "/version", "/version/"],
      ),
    ],
  },
  {
    role: "system:public-info-viewer",
    groups: ["system:authenticated", "system:unauthenticated"],
    resourceRules: [],
    nonResourceRules: [mayGet("/healthz", "/livez", "/readyz", "/version", "/version/")],
  },
  {
    role: "system:service-account-issuer-discovery",
    groups: ["system:serviceaccounts"],
    resourceRules: [],
    nonResourceRules: [
      mayGet(
        ...["/.well-known/openid-configuration", "/.well-known/openid-configuration/"],
        ...["/openid/v1/jwks", "/openid/v1/jwks/"],
      ),
    ],
  },
];

/** A part of the health checks is no more of a secret than the whole. */
const HEALTH_PART = /^\/(healthz|livez|readyz)\//;
const ALLOWED: Decision = { allowed: true, reason: "" };
const REFUSED: Decision = { allowed: false, reason: "" };

function isTrusted(user: User): boolean {
  return TRUSTED_USERS.has(user.name) || user.groups.some((group) => TRUSTED_GROUPS.has(group));
}

const includes = (allowed: readonly string[], value: string): boolean =>
  allowed.includes("*") || allowed.includes(value);

function includesPath(urls: readonly string[], path: string): boolean {
  return urls.some((url) => (url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : url === path));
}

function covers(grant: SubjectRules, attributes: AccessAttributes): boolean {
  const { isResource, verb, group, resource, subresource, path } = attributes;
  if (!isResource) {
    return grant.nonResourceRules.some(
      ({ verbs, nonResourceURLs }) => includes(verbs, verb) && includesPath(nonResourceURLs, path),
    );
  }
  const wanted = subresource === "" ? resource : `${resource}/${subresource}`;
  return grant.resourceRules.some(
    ({ verbs, apiGroups, resources }) =>
      includes(verbs, verb) && includes(apiGroups, group) && includes(resources, wanted),
  );
}

const trusted: Authorizer = {
  decide(user, attributes) {
    if (isTrusted(user)) return ALLOWED;
    const { isResource, verb, path } = attributes;
    for (const grant of grants) {
      const group = user.groups.find((name) => grant.groups.includes(name));
      if (group === undefined || !covers(grant, attributes)) continue;
      const reason = `RBAC: allowed by ClusterRoleBinding "${grant.role}" of ClusterRole "${grant.role}" to Group "${group}"`;
      return { allowed: true, reason };
    }
    return !isResource && verb === "get" && HEALTH_PART.test(path) ? ALLOWED : REFUSED;
  },
  rulesOf(user) {
    const own = grants.filter(({ groups }) => groups.some((name) => user.groups.includes(name)));
    const all = isTrusted(user);
    return {
      resourceRules: [
        ...(all ? [anyResource] : []),
        ...own.flatMap(({ resourceRules }) => resourceRules),
      ],
      nonResourceRules: [
        ...(all ? [anyPath] : []),
        ...own.flatMap(({ nonResourceRules }) => nonResourceRules),
      ],
    };
  },
};

const alwaysAllow: Authorizer = {
  decide: () => ALLOWED,
  rulesOf: () => ({ resourceRules: [anyResource], nonResourceRules: [anyPath] }),
};

export const createAuthorizer = (mode: AuthorizationMode): Authorizer =>
  mode === "AlwaysAllow" ? alwaysAllow : trusted;

/** Throws upstream's 403 when `user` may not do what `attributes` say. */
export function authorize(authorizer: Authorizer, user: User, attributes: AccessAttributes): void {
  if (!authorizer.decide(user, attributes).allowed) throw denial(user, attributes);
}

/** No text of an answer looks like HTML. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export function denial(user: User, attributes: AccessAttributes, reason = ""): StatusError {
  const { isResource, verb, group, resource, subresource, namespace, name, path } = attributes;
  const who = `User ${JSON.stringify(user.name)}`;
  const because = reason === "" ? "" : `: ${reason}`;
  if (!isResource) {
    const message = escaped(`${who} cannot ${verb} path ${JSON.stringify(path)}`);
    const text = `forbidden: ${message}${because}`;
    return statusError("Forbidden", text, {});
  }
  const wanted = subresource === "" ? resource : `${resource}/${subresource}`;
  const where =
    namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `cannot ${verb} resource ${JSON.stringify(wanted)} in API group ${JSON.stringify(group)}`;
  return forbidden({ group, resource }, name, `${escaped(`${who} ${what} ${where}`)}${because}`);
}
