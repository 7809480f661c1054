// Tokens of service accounts: signed by the API server's own key, bound to an audience, a time and perhaps an object, and
// worth nothing once the account or that object is gone (upstream: pkg/serviceaccount claims.go and jwt.go).
import { parseTime } from "@coracle/shared/runtime/clock";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { User } from "../registry/user.ts";
import { serviceAccountGroups } from "./impersonation.ts";
import { isSignedBy, type Jwt, type PublicKey, parseJwt, type SigningKey, signJwt } from "./jwt.ts";

export interface TokenReference {
  name: string;
  uid: string;
}

/** Times are seconds since the epoch. */
export interface Claims {
  aud?: string[];
  exp: number;
  iat: number;
  iss: string;
  jti?: string;
  "kubernetes.io": {
    namespace: string;
    node?: Partial<TokenReference>;
    pod?: TokenReference;
    secret?: TokenReference;
    serviceaccount: TokenReference;
    warnafter?: number;
  };
  nbf: number;
  sub: string;
}

/** The resources whose objects tokens are bound to. */
export interface TokenObjects {
  serviceAccounts: ServedResource;
  pods: ServedResource;
  secrets: ServedResource;
  nodes: ServedResource;
}

export interface ServiceAccountTokensOptions {
  /** Absent: no tokens are issued. */
  signingKey: SigningKey | undefined;
  /** All keys whose tokens are accepted. */
  keys: readonly PublicKey[];
  /** An https URL; the tokens' default audience, too. */
  issuer: string;
  objects: TokenObjects;
  clock: { now(): number };
}

export type Authenticated = { user: User; audiences: string[] } | { failure: string };

const EXTRA = "authentication.kubernetes.io/";
/** Clocks differ a little. */
const LEEWAY_MS = 60_000;
const VERIFIED_MAX = 10_000;

export class ServiceAccountTokens {
  readonly signingKey: SigningKey | undefined;
  readonly keys: readonly PublicKey[];
  readonly issuer: string;
  /** Audiences that the API server itself answers to. */
  readonly audiences: readonly string[];
  readonly #objects: TokenObjects;
  readonly #clock: { now(): number };
  /** Whose signature has been found right: what a token says does not change. */
  readonly #verified = new Map<string, Claims>();

  constructor({ signingKey, keys, issuer, objects, clock }: ServiceAccountTokensOptions) {
    this.signingKey = signingKey;
    this.keys = keys;
    this.issuer = issuer;
    this.audiences = [issuer];
    this.#objects = objects;
    this.#clock = clock;
  }

  sign(key: SigningKey, claims: Claims): string {
    return signJwt(key, claims);
  }

  /** Undefined when it is no token of ours. `audiences`: for whom it has to be good. */
  authenticate(token: string, audiences = this.audiences): Authenticated | undefined {
    const claims = this.#verified.get(token) ?? this.#verify(token);
    if (claims === undefined || "failure" in claims) return claims;
    const own = claims.aud ?? [...this.audiences];
    const common = audiences.filter((audience) => own.includes(audience));
    if (common.length === 0) {
      const failure = `token audiences ${goList(own)} is invalid for the target audiences ${goList(audiences)}`;
      return { failure };
    }
    const failure = this.#timeFailure(claims) ?? this.#boundFailure(claims);
    return failure === undefined ? { user: userOf(claims), audiences: common } : { failure };
  }

  #verify(token: string): Claims | { failure: string } | undefined {
    const jwt = parseJwt<Claims>(token);
    if (jwt?.claims.iss !== this.issuer) return undefined;
    const keys = this.keys.filter(({ id }) => jwt.keyId === "" || id === jwt.keyId);
    if (keys.length === 0) return { failure: "invalid signature, no keys found" };
    if (!keys.some((key) => isSignedBy(jwt as Jwt<unknown>, key))) {
      return { failure: "go-jose/go-jose: error in cryptographic primitive" };
    }
    if (this.#verified.size >= VERIFIED_MAX) this.#verified.clear();
    this.#verified.set(token, jwt.claims);
    return jwt.claims;
  }

  #timeFailure({ exp, nbf, iat }: Claims): string | undefined {
    const now = this.#clock.now();
    if (nbf * 1000 > now + LEEWAY_MS) return "service account token is not valid yet";
    if (exp * 1000 < now - LEEWAY_MS) return "service account token has expired";
    if (iat * 1000 > now + LEEWAY_MS) return "service account token is issued in the future";
    return undefined;
  }

  #boundFailure({ "kubernetes.io": bound }: Claims): string | undefined {
    const { namespace, serviceaccount, pod, secret, node } = bound;
    const { serviceAccounts, pods, secrets, nodes } = this.#objects;
    const account = this.#find(serviceAccounts, namespace, serviceaccount.name);
    if (account === undefined) return `serviceaccounts "${serviceaccount.name}" not found`;
    if (account.uid !== serviceaccount.uid) {
      return `service account UID (${account.uid}) does not match claim (${serviceaccount.uid})`;
    }
    if (account.deleted) {
      return `service account ${namespace}/${serviceaccount.name} has been deleted`;
    }
    if (secret !== undefined) return this.#referenceFailure(secrets, namespace, secret, "secret");
    // A Pod's node is what the token tells, not what it is bound to.
    if (pod !== undefined) return this.#referenceFailure(pods, namespace, pod, "pod");
    return node && this.#referenceFailure(nodes, "", node, "node");
  }

  #referenceFailure(
    resource: ServedResource,
    namespace: string,
    { name = "", uid = "" }: Partial<TokenReference>,
    what: string,
  ): string | undefined {
    const found = this.#find(resource, namespace, name);
    if (found === undefined) return "service account token has been invalidated";
    if (found.uid !== uid) {
      return `${what} UID (${found.uid}) does not match service account ${what} ref claim (${uid})`;
    }
    return found.deleted ? "service account token has been invalidated" : undefined;
  }

  #find({ cache }: ServedResource, namespace: string, name: string) {
    const cached = cache.get(namespace, name);
    if (cached === undefined) return undefined;
    const { metadata } = JSON.parse(cached.bytes.toString()) as AnyObject;
    const deletedAt = parseTime(metadata.deletionTimestamp);
    const deleted = deletedAt !== undefined && deletedAt < this.#clock.now() - LEEWAY_MS;
    return { uid: metadata.uid, deleted };
  }
}

const goList = (texts: readonly string[]): string =>
  `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;

function userOf({ jti, "kubernetes.io": bound }: Claims): User {
  const { namespace, serviceaccount, pod, node } = bound;
  const extra: Record<string, string[]> = {};
  if (jti !== undefined) extra[`${EXTRA}credential-id`] = [`JTI=${jti}`];
  if (node?.name) {
    extra[`${EXTRA}node-name`] = [node.name];
    if (node.uid) extra[`${EXTRA}node-uid`] = [node.uid];
  }
  if (pod !== undefined) {
    extra[`${EXTRA}pod-name`] = [pod.name];
    extra[`${EXTRA}pod-uid`] = [pod.uid];
  }
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), "system:authenticated"],
    extra,
  };
}
