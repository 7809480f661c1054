import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import type { User } from "../registry/user.ts";
import { type AccessAttributes, type Authorizer, createAuthorizer } from "./authorization.ts";
import { Impersonation } from "./impersonation.ts";

const admin: User = { name: "root", uid: "", groups: ["system:masters"] };
const stranger: User = { name: "joe", uid: "", groups: ["system:authenticated"] };
const listNodes: AccessAttributes = {
  isResource: true,
  verb: "list",
  group: "",
  resource: "nodes",
  subresource: "",
  namespace: "",
  name: "",
  path: "/api/v1/nodes",
};

const headers = (distinct: Record<string, string[]>) =>
  ({
    headers: Object.fromEntries(Object.entries(distinct).map(([k, v]) => [k, v.join(", ")])),
    headersDistinct: distinct,
  }) as unknown as IncomingMessage;

function as(distinct: Record<string, string[]>, requestor = admin): User {
  const impersonation = new Impersonation(createAuthorizer("Trusted"));
  return impersonation.userOf(headers(distinct), requestor, listNodes);
}

describe("an administrator in somebody else's name", () => {
  it("stays who it is without headers", () => {
    expect(as({ accept: ["*/*"] })).toBe(admin);
  });

  it("has the groups and extra values of the headers, and is authenticated", () => {
    const user = as({
      "impersonate-user": ["jane"],
      "impersonate-group": ["a", "b"],
      "impersonate-uid": ["7"],
      "impersonate-extra-example.com%2fscope": ["x, y", "z"],
    });
    expect(user).toEqual({
      name: "jane",
      uid: "7",
      groups: ["a", "b", "system:authenticated"],
      extra: { "example.com/scope": ["x, y", "z"] },
    });
  });

  it.each([
    ["system:anonymous", ["system:unauthenticated"]],
    ["system:node:n1", ["system:nodes", "system:authenticated"]],
    ["system:node:", ["system:authenticated"]],
    [
      "system:serviceaccount:a:b",
      ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"],
    ],
    ["system:serviceaccount:a:B", ["system:authenticated"]],
  ])("%s has the groups %j", (name, groups) => {
    expect(as({ "impersonate-user": [name] }).groups).toEqual(groups);
  });

  it("keeps to the way that worked last: after an administrator's groups a node has none of its own", () => {
    const impersonation = new Impersonation(createAuthorizer("Trusted"));
    const userOf = (distinct: Record<string, string[]>) =>
      impersonation.userOf(headers(distinct), admin, listNodes);
    userOf({ "impersonate-user": ["x"], "impersonate-group": ["system:masters"] });
    const node = userOf({ "impersonate-user": ["system:node:n1"] });
    expect(node.groups).toEqual(["system:authenticated"]);
  });
});

describe("refusals", () => {
  it("name the first way that applies", () => {
    expect(() => as({ "impersonate-user": ["jane"] }, stranger)).toThrow(
      'nodes is forbidden: User "joe" cannot impersonate-on:user-info:list resource "nodes" in API group "" at the cluster scope',
    );
    expect(() => as({ "impersonate-user": ["system:node:n1"] }, stranger)).toThrow(
      "cannot impersonate-on:arbitrary-node:list",
    );
    expect(() => as({ "impersonate-user": ["system:serviceaccount:a:b"] }, stranger)).toThrow(
      "cannot impersonate-on:serviceaccount:list",
    );
  });

  it("a group without a user is a bad request", () => {
    expect(() => as({ "impersonate-group": ["a"] })).toThrow(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
  });

  it("every value needs a permission of its own", () => {
    const asked: string[] = [];
    const authorizer: Authorizer = {
      rulesOf: () => ({ resourceRules: [], nonResourceRules: [] }),
      decide(_user, { verb, group, resource, subresource, namespace, name }) {
        asked.push([verb, group, resource, subresource, namespace, name].join(" "));
        return { allowed: true, reason: "" };
      },
    };
    const raw = headers({
      "impersonate-user": ["jane"],
      "impersonate-group": ["devs"],
      "impersonate-uid": ["7"],
      "impersonate-extra-scope": ["view"],
    });
    new Impersonation(authorizer).userOf(raw, stranger, listNodes);
    expect(asked).toEqual([
      "impersonate-on:user-info:list  nodes   ",
      "impersonate:user-info authentication.k8s.io users   jane",
      "impersonate:user-info authentication.k8s.io uids   7",
      "impersonate:user-info authentication.k8s.io groups   devs",
      "impersonate:user-info authentication.k8s.io userextras scope  view",
    ]);
  });
});
