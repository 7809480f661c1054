import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataDirectory } from "./data-directory.ts";
import { localEtcd } from "./local-etcd.ts";

test("an etcd of its own speaks TLS only, with the cluster's certificates", async () => {
  const folder = mkdtempSync(join(tmpdir(), "coracle-local-etcd-"));
  try {
    writeFileSync(join(folder, "etcd"), "");
    chmodSync(join(folder, "etcd"), 0o755);
    const { command, options } = await localEtcd(dataDirectory("/d"), `/nowhere:${folder}`);
    expect(command).toMatchObject({ file: join(folder, "etcd"), instance: "etcd" });
    const urls = command.args.filter((arg) => arg.includes("://"));
    expect(urls.every((url) => /^(coracle=)?https:\/\/127\.0\.0\.1:/.test(url))).toBe(true);
    expect(command.args).toContain("--client-cert-auth");
    expect(command.args).toContain("--peer-client-cert-auth");
    expect(options.etcdServers).toMatch(/^https:\/\/localhost:\d+$/);
    expect(options.etcdCafile).toBe("/d/pki/ca.crt");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("without an etcd it says how to get one", async () => {
  await expect(localEtcd(dataDirectory("/d"), "/nowhere")).rejects.toThrow(
    "starts an etcd here, but none is installed; try: apt-get install etcd-server",
  );
});
