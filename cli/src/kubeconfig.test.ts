import { expect, test } from "vitest";
import { renderKubeconfig } from "./kubeconfig.ts";

test("the one context joins the server to the client certificate", () => {
  const text = renderKubeconfig({
    server: "https://127.0.0.1:6443",
    authority: "CA",
    user: "system:kube-scheduler",
    client: { certificate: "CERT", key: "KEY" },
  });
  const decode = (data: string) => Buffer.from(data, "base64").toString();
  const config = JSON.parse(text);
  const context = config.contexts[0];
  expect(config["current-context"]).toBe(context.name);
  expect(context.context).toEqual({
    cluster: config.clusters[0].name,
    user: "system:kube-scheduler",
  });
  expect(config.clusters[0].cluster.server).toBe("https://127.0.0.1:6443");
  expect(decode(config.clusters[0].cluster["certificate-authority-data"])).toBe("CA");
  expect(config.users[0].name).toBe("system:kube-scheduler");
  expect(decode(config.users[0].user["client-certificate-data"])).toBe("CERT");
  expect(decode(config.users[0].user["client-key-data"])).toBe("KEY");
});

test("several servers have a context each, beside the current one", () => {
  const text = renderKubeconfig({
    server: "https://127.0.0.1:6443",
    servers: ["https://127.0.0.1:6444", "https://127.0.0.1:6445"],
    authority: "CA",
    user: "admin",
    client: { certificate: "CERT", key: "KEY" },
  });
  const config = JSON.parse(text);
  const serverOf = (context: { context: { cluster: string } }) =>
    config.clusters.find(({ name }: { name: string }) => name === context.context.cluster).cluster
      .server;
  expect(config["current-context"]).toBe("coracle");
  expect(
    config.contexts.map((context: { name: string; context: { cluster: string } }) => [
      context.name,
      serverOf(context),
    ]),
  ).toEqual([
    ["coracle", "https://127.0.0.1:6443"],
    ["coracle-1", "https://127.0.0.1:6444"],
    ["coracle-2", "https://127.0.0.1:6445"],
  ]);
});
