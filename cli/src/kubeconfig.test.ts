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
