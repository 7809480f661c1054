import { generateKeyPairSync } from "node:crypto";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { describe, expect, it } from "vitest";
import { parseJwt, signingKeyOf } from "../filters/jwt.ts";
import { requestInfo } from "../filters/request-info.ts";
import type { Claims } from "../filters/service-account-tokens.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { ApiRequest } from "./api-request.ts";
import type { Handlers } from "./dispatch.ts";
import { createToken } from "./token.ts";

const ISSUER = "https://kubernetes.default.svc";
const YEAR_SECONDS = 365 * 24 * 3600;
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const signingKey = signingKeyOf(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
const clock = new SimulatedClock();
const now = Math.floor(clock.now() / 1000);

const objects: Record<string, object> = {
  acc: { metadata: { name: "acc", namespace: "ns", uid: "u1" } },
  p: {
    metadata: { name: "p", namespace: "ns", uid: "p1" },
    spec: { serviceAccountName: "acc", nodeName: "n" },
  },
  n: { metadata: { name: "n", uid: "n1" } },
};
const resource = {
  cache: {
    get: (_namespace: string, name: string) =>
      objects[name] && { bytes: Buffer.from(JSON.stringify(objects[name])) },
  },
} as unknown as ServedResource;
const handlers = {
  clock,
  random: { uuid: () => "id-1" },
  registry: { current: ({ name }: { name: string }) => ({ object: objects[name] }) },
  resources: { named: () => resource },
  access: {
    tokens: {
      signingKey,
      issuer: ISSUER,
      audiences: [ISSUER],
      sign: (key: unknown, claims: Claims) => JSON.stringify({ isOwn: key === signingKey, claims }),
    },
  },
} as unknown as Handlers;

function post(spec: object): { claims: Claims; expires: string } {
  const query = new URLSearchParams();
  const request: ApiRequest = {
    method: "POST",
    info: requestInfo("POST", "/api/v1/namespaces/ns/serviceaccounts/acc/token", query),
    query,
    headers: {},
    user: { name: "x", uid: "", groups: [] },
    body: Buffer.from(JSON.stringify({ spec })),
    warnings: [],
    signal: new AbortController().signal,
  };
  const reply = createToken(request, resource, handlers);
  const { status } = JSON.parse(reply.body.toString()) as {
    status: { token: string; expirationTimestamp: string };
  };
  const { isOwn, claims } = JSON.parse(status.token) as { isOwn: boolean; claims: Claims };
  expect(isOwn).toBe(true);
  return { claims, expires: status.expirationTimestamp };
}

describe("the claims of a token", () => {
  it("are upstream's", () => {
    expect(post({}).claims).toEqual({
      aud: [ISSUER],
      exp: now + 3600,
      iat: now,
      iss: ISSUER,
      jti: "id-1",
      "kubernetes.io": { namespace: "ns", serviceaccount: { name: "acc", uid: "u1" } },
      nbf: now,
      sub: "system:serviceaccount:ns:acc",
    });
  });

  it("tell the Pod and its node", () => {
    const { claims } = post({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } });
    expect(claims["kubernetes.io"]).toMatchObject({
      pod: { name: "p", uid: "p1" },
      node: { name: "n", uid: "n1" },
    });
  });

  it("last a year for kubelets, which are told an hour", () => {
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "p" };
    const { claims, expires } = post({ boundObjectRef, expirationSeconds: 3607 });
    expect(claims.exp).toBe(now + YEAR_SECONDS);
    expect(claims["kubernetes.io"].warnafter).toBe(now + 3607);
    expect(Date.parse(expires)).toBe((now + 3607) * 1000);
    const foreign = post({ boundObjectRef, expirationSeconds: 3607, audiences: ["vault"] });
    expect(foreign.claims.exp).toBe(now + 3607);
  });
});

it("a server without a key has no such path", () => {
  const keyless = { ...handlers, access: { tokens: undefined } } as unknown as Handlers;
  expect(() => createToken({} as ApiRequest, resource, keyless)).toThrow(
    "the server could not find the requested resource",
  );
  expect(parseJwt("a.b")).toBeUndefined();
});
