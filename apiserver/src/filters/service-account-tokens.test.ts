import { generateKeyPairSync } from "node:crypto";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { describe, expect, it, test } from "vitest";
import type { ServedResource } from "../registry/served-resource.ts";
import { jsonWebKey, parseJwt, publicKeyOf, type SigningKey, signingKeyOf } from "./jwt.ts";
import { type Claims, ServiceAccountTokens } from "./service-account-tokens.ts";

const pemOf = (key: { export(options: object): string | Buffer }, type: string) =>
  key.export({ type, format: "pem" }).toString();
const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = signingKeyOf(pemOf(pair().privateKey, "pkcs8"));
const ISSUER = "https://kubernetes.default.svc";

/** Of which `objects` are there: name → metadata. */
const resourceWith = (objects: Record<string, object>) =>
  ({
    cache: {
      get(_namespace: string, name: string) {
        const metadata = objects[name];
        return metadata && { bytes: Buffer.from(JSON.stringify({ metadata })) };
      },
    },
  }) as unknown as ServedResource;

function scene(objects: Partial<Record<"accounts" | "pods" | "secrets" | "nodes", object>> = {}) {
  const clock = new SimulatedClock();
  const resource = (name: keyof typeof objects) =>
    resourceWith((objects[name] ?? {}) as Record<string, object>);
  const tokens = new ServiceAccountTokens({
    signingKey: key,
    keys: [key],
    issuer: ISSUER,
    clock,
    objects: {
      serviceAccounts: resource("accounts"),
      pods: resource("pods"),
      secrets: resource("secrets"),
      nodes: resource("nodes"),
    },
  });
  const now = Math.floor(clock.now() / 1000);
  const claims = (more: Partial<Claims> = {}, bound: Partial<Claims["kubernetes.io"]> = {}) => ({
    aud: [ISSUER],
    exp: now + 600,
    iat: now,
    iss: ISSUER,
    jti: "id-1",
    nbf: now,
    sub: "system:serviceaccount:ns:acc",
    ...more,
    "kubernetes.io": { namespace: "ns", serviceaccount: { name: "acc", uid: "u1" }, ...bound },
  });
  return { tokens, clock, claims };
}

const accounts = { acc: { uid: "u1" } };

describe("a token", () => {
  it("is its account, with where it runs", () => {
    const { tokens, claims } = scene({ accounts, pods: { p: { uid: "p1" } } });
    const bound = { pod: { name: "p", uid: "p1" }, node: { name: "n", uid: "n1" } };
    expect(tokens.authenticate(tokens.sign(key, claims({}, bound)))).toEqual({
      audiences: [ISSUER],
      user: {
        name: "system:serviceaccount:ns:acc",
        uid: "u1",
        groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": ["JTI=id-1"],
          "authentication.kubernetes.io/node-name": ["n"],
          "authentication.kubernetes.io/node-uid": ["n1"],
          "authentication.kubernetes.io/pod-name": ["p"],
          "authentication.kubernetes.io/pod-uid": ["p1"],
        },
      },
    });
  });

  it("is worth nothing when it has expired, a minute's difference of clocks aside", async () => {
    const { tokens, clock, claims } = scene({ accounts });
    const token = tokens.sign(key, claims());
    await clock.advance(659_000);
    expect(tokens.authenticate(token)).toHaveProperty("user");
    await clock.advance(2_000);
    expect(tokens.authenticate(token)).toEqual({ failure: "service account token has expired" });
  });

  it.each([
    ["not yet valid", { nbf: 2e10 }, {}, "service account token is not valid yet"],
    ["of the future", { iat: 2e10 }, {}, "service account token is issued in the future"],
    [
      "for others",
      { aud: ["vault"] },
      {},
      `token audiences ["vault"] is invalid for the target audiences ["${ISSUER}"]`,
    ],
    [
      "of another account of that name",
      {},
      { serviceaccount: { name: "acc", uid: "u0" } },
      "service account UID (u1) does not match claim (u0)",
    ],
    [
      "of no account",
      {},
      { serviceaccount: { name: "nobody", uid: "u1" } },
      'serviceaccounts "nobody" not found',
    ],
    [
      "of no Pod",
      {},
      { pod: { name: "p", uid: "x" } },
      "service account token has been invalidated",
    ],
    [
      "of another Secret",
      {},
      { secret: { name: "s", uid: "x" } },
      "secret UID (s1) does not match service account secret ref claim (x)",
    ],
    [
      "of a node long deleted",
      {},
      { node: { name: "n", uid: "n1" } },
      "service account token has been invalidated",
    ],
  ])("%s is refused", (_name, more, bound, failure) => {
    const { tokens, claims } = scene({
      accounts,
      secrets: { s: { uid: "s1" } },
      nodes: { n: { uid: "n1", deletionTimestamp: "1970-01-01T00:00:00Z" } },
    });
    expect(tokens.authenticate(tokens.sign(key, claims(more, bound)))).toEqual({ failure });
  });

  it("that nobody here signed is refused, and one of another issuer is none of ours", () => {
    const { tokens, claims } = scene({ accounts });
    const other = signingKeyOf(pemOf(pair().privateKey, "pkcs8"));
    expect(tokens.authenticate(tokens.sign(other, claims()))).toEqual({
      failure: "invalid signature, no keys found",
    });
    const impostor: SigningKey = { ...other, id: key.id };
    expect(tokens.authenticate(tokens.sign(impostor, claims()))).toEqual({
      failure: "go-jose/go-jose: error in cryptographic primitive",
    });
    expect(tokens.authenticate(tokens.sign(key, claims({ iss: "https://x" })))).toBeUndefined();
    expect(tokens.authenticate("no.jwt.at all")).toBeUndefined();
  });
});

test("RSA keys sign RS256; a key without a known algorithm is refused", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const rsa = signingKeyOf(pemOf(privateKey, "pkcs1"));
  expect(rsa.algorithm).toBe("RS256");
  expect(rsa.id).toBe(publicKeyOf(pemOf(publicKey, "spki")).id);
  expect(jsonWebKey(rsa)).toMatchObject({ use: "sig", kty: "RSA", alg: "RS256", e: "AQAB" });
  const { tokens, claims } = scene({ accounts });
  expect(parseJwt(tokens.sign(rsa, claims()))).toMatchObject({ algorithm: "RS256", keyId: rsa.id });
  const ed = generateKeyPairSync("ed25519").publicKey;
  expect(() => publicKeyOf(pemOf(ed, "spki"))).toThrow("must be RSA or ECDSA, not ed25519");
});
