import { describe, expect, it } from "vitest";
import { parseKubeconfig } from "./kubeconfig.ts";

const text = `
current-context: second
contexts:
- {name: first, context: {cluster: a, user: a}}
- {name: second, context: {cluster: b, user: c}}
clusters:
- {name: a, cluster: {server: "https://a:1"}}
- name: b
  cluster:
    server: https://b:2
    certificate-authority-data: ${Buffer.from("ca pem").toString("base64")}
users:
- {name: c, user: {client-certificate: c.crt, client-key: c.key}}
`;

describe("parseKubeconfig", () => {
  it("follows the current context, inline data and files", () => {
    expect(parseKubeconfig(text, (file) => `<${file}>`)).toMatchObject({
      server: "https://b:2",
      ca: "ca pem",
      cert: "<c.crt>",
      key: "<c.key>",
      token: undefined,
    });
  });

  it.each([
    ["", "no current-context"],
    ["current-context: x", 'context "x" does not exist'],
    [
      "current-context: x\ncontexts: [{name: x, context: {cluster: y}}]",
      'cluster "y" has no server',
    ],
  ])("refuses %j", (config, message) => {
    expect(() => parseKubeconfig(config, () => "")).toThrow(message);
  });
});
