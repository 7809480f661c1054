// POST serviceaccounts/<name>/token: a signed token for a service account (upstream: pkg/registry/core/serviceaccount/storage).
import type { TokenRequest } from "@coracle/shared/api/types/authentication-v1";
import type { Pod, ServiceAccount } from "@coracle/shared/api/types/core-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import {
  badRequest,
  conflict,
  invalid,
  pathNotFound,
} from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { decodeObject } from "../encoding/decode.ts";
import type { Claims, ServiceAccountTokens } from "../filters/service-account-tokens.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import type { Handlers } from "./dispatch.ts";
import { writeOptions } from "./options.ts";
import { respondValue } from "./respond.ts";
import { targetOf } from "./target.ts";
import { managerOf } from "./write-context.ts";

const GROUP = "authentication.k8s.io";
const TOKEN_REQUEST = { group: GROUP, version: "v1", kind: "TokenRequest" };
const CONFLICTING = { group: GROUP, resource: "TokenRequest" };
const TYPE_NAME = "io.k8s.api.authentication.v1.TokenRequest";
const EXPIRATION_SECONDS_DEFAULT = 3600;
const EXPIRATION_SECONDS_MIN = 600;
const EXPIRATION_SECONDS_MAX = 2 ** 32;
/** What kubelets ask for in the name of Pods. Such a token is accepted far longer, as old clients never read it again. */
const WARN_ONLY_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

type Request = Required<TokenRequest> & { metadata: Partial<ObjectMeta> };

export function createToken(
  request: ApiRequest,
  accounts: ServedResource,
  handlers: Handlers,
): Reply {
  const { registry, clock, access } = handlers;
  const key = access.tokens?.signingKey;
  if (access.tokens === undefined || key === undefined) throw pathNotFound();
  const tokens = access.tokens;
  const asked = readRequest(request, handlers);
  checkPlace(asked, request);
  const account = registry.current({ ...targetOf(accounts, request.info), subresource: "" })
    .object as unknown as ServiceAccount;
  const nowMs = clock.now();
  completeRequest(asked, account, tokens, nowMs);
  const bound = boundObjects(asked, account, handlers);
  const expirationSeconds = asked.spec.expirationSeconds as number;
  const audiences = asked.spec.audiences as string[];
  const extended =
    bound.pod !== undefined &&
    expirationSeconds === WARN_ONLY_SECONDS &&
    audiences.every((audience) => tokens.audiences.includes(audience));
  const now = Math.floor(nowMs / 1000);
  const claims: Claims = {
    aud: audiences,
    exp: now + (extended ? EXTENDED_SECONDS : expirationSeconds),
    iat: now,
    iss: tokens.issuer,
    jti: handlers.random.uuid(),
    "kubernetes.io": {
      namespace: account.metadata.namespace as string,
      ...bound,
      serviceaccount: { name: account.metadata.name, uid: account.metadata.uid },
      ...(extended ? { warnafter: now + expirationSeconds } : {}),
    },
    nbf: now,
    sub: `system:serviceaccount:${account.metadata.namespace}:${account.metadata.name}`,
  };
  asked.status = {
    token: tokens.sign(key, claims),
    expirationTimestamp: formatTime(nowMs + expirationSeconds * 1000),
  };
  return respondValue(request, asked, 201);
}

function readRequest(request: ApiRequest, { clock }: Handlers): Request {
  const options = writeOptions(request.query, "CreateOptions");
  const { body, headers, info } = request;
  const decoded = decodeObject(
    body,
    headers["content-type"],
    TOKEN_REQUEST,
    options.fieldValidation,
  );
  request.warnings.push(...decoded.warnings);
  const { object } = decoded;
  const asked = object as unknown as Request;
  asked.spec.expirationSeconds ??= EXPIRATION_SECONDS_DEFAULT;
  const given = asked.metadata.namespace ?? "";
  if (given !== "" && given !== info.namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  updateManagedFields(undefined, object, {
    typeName: TYPE_NAME,
    apiVersion: `${GROUP}/v1`,
    manager: managerOf(request, options),
    time: formatTime(clock.now()),
    subresource: "token",
  });
  return asked;
}

function checkPlace({ metadata }: Request, { info }: ApiRequest): void {
  if (!metadata.name || metadata.name === info.name) return;
  const detail = "must match the service account name if specified";
  throw invalid(TOKEN_REQUEST, info.name, [invalidValue("metadata.name", metadata.name, detail)]);
}

/** Throws Conflict and Invalid. */
function completeRequest(
  asked: Request,
  account: ServiceAccount,
  tokens: ServiceAccountTokens,
  nowMs: number,
): void {
  const { metadata, spec } = asked;
  const { name, namespace, uid } = account.metadata;
  if (metadata.uid && metadata.uid !== uid) {
    const why = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`;
    throw conflict(CONFLICTING, name, why);
  }
  if ((spec.audiences?.length ?? 0) === 0) spec.audiences = [...tokens.audiences];
  Object.assign(metadata, { name, namespace, uid, creationTimestamp: formatTime(nowMs) });
  const seconds = spec.expirationSeconds as number;
  const refusal =
    seconds < EXPIRATION_SECONDS_MIN
      ? "may not specify a duration less than 10 minutes"
      : seconds > EXPIRATION_SECONDS_MAX
        ? "may not specify a duration larger than 2^32 seconds"
        : undefined;
  if (refusal === undefined) return;
  throw invalid(TOKEN_REQUEST, "", [invalidValue("spec.expirationSeconds", seconds, refusal)]);
}

type Bound = Pick<Claims["kubernetes.io"], "pod" | "secret" | "node">;

/** The object that the token is worth nothing without. Throws NotFound, BadRequest and Conflict. */
function boundObjects(
  { spec }: Request,
  account: ServiceAccount,
  { registry, resources }: Handlers,
): Bound {
  const reference = spec.boundObjectRef;
  if (!reference) return {};
  const { kind = "", apiVersion = "", name = "", uid = "" } = reference;
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  const current = (resource: "pods" | "secrets" | "nodes") => {
    const namespace = resource === "nodes" ? "" : (account.metadata.namespace as string);
    const target = { resource: resources.named(resource), namespace, name, subresource: "" };
    return registry.current(target).object;
  };
  const bound: Bound = {};
  if (group === "" && kind === "Pod") {
    const pod = current("pods") as unknown as Pod;
    checkAccount(pod, account.metadata.name);
    const node = nodeOf(pod, resources.named("nodes"));
    if (node !== undefined) bound.node = node;
    bound.pod = { name, uid: pod.metadata.uid };
  } else if (group === "" && kind === "Node") {
    bound.node = { name, uid: current("nodes").metadata.uid };
  } else if (group === "" && kind === "Secret") {
    bound.secret = { name, uid: current("secrets").metadata.uid };
  } else {
    const type = `${group}/${version}, Kind=${kind}`;
    throw badRequest(`cannot bind token to object of type ${type}`);
  }
  const { uid: actual } = bound.pod ?? bound.secret ?? bound.node ?? {};
  if (uid === "" || uid === actual) return bound;
  const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  throw conflict({ group, resource: kind }, name, why);
}

function checkAccount({ spec }: Pod, account: string): void {
  if (spec.serviceAccountName === account) return;
  const shown = JSON.stringify(account);
  throw badRequest(
    `cannot bind token for serviceaccount ${shown} to pod running with different serviceaccount name.`,
  );
}

/** Where a Pod runs, as far as that is known. */
function nodeOf({ spec }: Pod, nodes: ServedResource): Bound["node"] {
  const name = spec.nodeName ?? "";
  if (name === "") return undefined;
  const cached = nodes.cache.get("", name);
  if (cached === undefined) return { name };
  const { metadata } = JSON.parse(cached.bytes.toString()) as { metadata: ObjectMeta };
  return { name, uid: metadata.uid };
}
