import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StatusError } from "@coracle/shared/machinery/status-error";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authenticator, anonymous, parseTokenFile } from "./authentication.ts";
import { authorize, createAuthorizer } from "./authorization.ts";
import { requestInfo } from "./request-info.ts";

const folder = mkdtempSync(join(tmpdir(), "coracle-auth-"));
const tokenFile = join(folder, "tokens.csv");
beforeAll(() =>
  writeFileSync(tokenFile, 'secret,jane,7,"devs,system:masters"\n# note\nplain,joe,8\n'),
);
afterAll(() => rmSync(folder, { recursive: true }));

function request(authorization?: string, certificate?: { CN: string; O?: string | string[] }) {
  const socket = {
    authorized: certificate !== undefined,
    getPeerCertificate: () => ({ subject: certificate, raw: Buffer.from("DER") }),
  };
  return { headers: { authorization }, socket } as unknown as IncomingMessage;
}

describe("authentication", () => {
  const authenticate = (...args: Parameters<typeof request>) =>
    new Authenticator({ tokenFile }).userOf(request(...args));

  it("knows tokens, their groups, and that everybody known is authenticated", () => {
    expect(authenticate("Bearer secret")).toEqual({
      name: "jane",
      uid: "7",
      groups: ["devs", "system:masters", "system:authenticated"],
    });
    expect(authenticate("bearer  plain").groups).toEqual(["system:authenticated"]);
  });

  it("takes name and groups from a client certificate, before any token", () => {
    const user = authenticate("Bearer nope", { CN: "system:node:n1", O: "system:nodes" });
    expect(user).toMatchObject({
      name: "system:node:n1",
      groups: ["system:nodes", "system:authenticated"],
    });
  });

  it("calls nobody anonymous who shows a wrong token", () => {
    expect(authenticate()).toBe(anonymous);
    expect(() => authenticate("Bearer nope")).toThrowError(
      expect.objectContaining({ code: 401 }) as StatusError,
    );
  });

  it("takes a WebSocket's token out of its protocols", () => {
    const offered = (...protocols: string[]) => {
      const asked = request();
      asked.headers.upgrade = "websocket";
      asked.headers["sec-websocket-protocol"] = protocols.join(", ");
      return asked;
    };
    const bearer = (token: string) =>
      `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`;
    const userOf = (asked: IncomingMessage) => new Authenticator({ tokenFile }).userOf(asked);
    const asked = offered(bearer("secret"), "v5.channel.k8s.io");
    expect(userOf(asked).name).toBe("jane");
    expect(asked.headers["sec-websocket-protocol"]).toBe("v5.channel.k8s.io");
    expect(userOf(offered("v5.channel.k8s.io"))).toBe(anonymous);
    for (const protocols of [
      [bearer("secret")],
      [bearer("x"), "y"],
      [bearer("a"), bearer("b"), "y"],
    ]) {
      expect(() => userOf(offered(...protocols))).toThrow("Unauthorized");
    }
  });

  it("refuses a token file that it cannot read", () => {
    expect(() => parseTokenFile("only-a-token\n")).toThrow("token,user,uid");
  });
});

describe("authorization", () => {
  const check = (user: { name: string; groups: string[] }, path: string) =>
    authorize(
      createAuthorizer("Trusted"),
      { uid: "", ...user },
      requestInfo("GET", path, new URLSearchParams()),
    );
  const stranger = { name: "joe", groups: ["system:authenticated"] };

  it("lets administrators and components do everything", () => {
    check({ name: "jane", groups: ["system:masters"] }, "/api/v1/pods");
    check({ name: "system:kube-scheduler", groups: [] }, "/api/v1/pods");
    check({ name: "system:node:n1", groups: ["system:nodes"] }, "/api/v1/pods");
  });

  it("lets everybody ask for health and version, and nothing else", () => {
    for (const path of ["/healthz", "/livez/ping", "/readyz", "/version"]) check(stranger, path);
    expect(() => check(stranger, "/api/v1/namespaces/a/pods/b/status")).toThrow(
      'pods "b" is forbidden: User "joe" cannot get resource "pods/status" in API group "" in the namespace "a"',
    );
    expect(() => check(stranger, "/api/v1/nodes")).toThrow("at the cluster scope");
    expect(() => check(stranger, "/metrics")).toThrow(
      'forbidden: User "joe" cannot get path "/metrics"',
    );
  });

  it("lets everybody known ask about itself", () => {
    const { decide, rulesOf } = createAuthorizer("Trusted");
    const user = { uid: "", ...stranger };
    const create = (group: string, resource: string) =>
      decide(user, {
        ...{ isResource: true, verb: "create", group, resource },
        ...{ subresource: "", namespace: "", name: "", path: "" },
      });
    expect(create("authentication.k8s.io", "selfsubjectreviews")).toEqual({
      allowed: true,
      reason:
        'RBAC: allowed by ClusterRoleBinding "system:basic-user" of ClusterRole "system:basic-user" to Group "system:authenticated"',
    });
    expect(create("authorization.k8s.io", "subjectaccessreviews").allowed).toBe(false);
    expect(rulesOf(user).resourceRules).toHaveLength(2);
    expect(rulesOf({ ...user, groups: ["system:masters"] }).resourceRules).toEqual([
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    ]);
    expect(rulesOf(anonymous)).toEqual({
      resourceRules: [],
      nonResourceRules: [expect.anything()],
    });
  });

  it("lets everybody do everything when told so", () => {
    const info = requestInfo("DELETE", "/api/v1/nodes/n", new URLSearchParams());
    authorize(createAuthorizer("AlwaysAllow"), { uid: "", ...stranger }, info);
  });
});
