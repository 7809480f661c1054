// Makes dist/*.cache: runs a small cluster from the new bundles once, so that V8 compiles what a start and a first Deployment need,
// and keeps that.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const RUN_MS_MAX = 60_000;
const NAMESPACE = "/namespaces/default";
const PODS = `/api/v1${NAMESPACE}/pods`;
const DEPLOYMENTS = `/apis/apps/v1${NAMESPACE}/deployments`;

/** Returns why it could not be done; undefined when it was. Everything works without, only slower to start. */
export async function makeCodeCache(dist, names) {
  for (const name of names) rmSync(join(dist, `${name}.cache`), { force: true });
  const folder = mkdtempSync(join(tmpdir(), "coracle-build-"));
  const coracle = (args, env = {}) =>
    spawnSync(process.execPath, [join(dist, "coracle.mjs"), ...args, "--data-dir", folder], {
      env: { ...process.env, ...env },
      encoding: "utf8",
      timeout: RUN_MS_MAX,
    });
  try {
    const port = await freePort();
    const args = ["up", "--detach", "--port", `${port}`, "--set", "apiserver.unsafe-no-sync"];
    const up = coracle(args, { CORACLE_WRITE_CODE_CACHE: "1" });
    if (up.status !== 0) return up.stderr.trim();
    await exercise(folder, port);
    coracle(["down"]);
    const missing = names.filter((name) => !existsSync(join(dist, `${name}.cache`)));
    return missing.length > 0 ? `${missing.join(", ")} wrote none` : undefined;
  } catch (error) {
    return error.message;
  } finally {
    coracle(["reset"]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a user does first: a Deployment, and a Pod with a script. */
async function exercise(folder, port) {
  const api = client(folder, port);
  const labels = { app: "warm" };
  const container = { name: "warm", image: "warm" };
  const command = ["sh", "-c", "for i in 1 2; do echo $i | grep $i; done"];
  await api("POST", DEPLOYMENTS, {
    metadata: { name: "warm" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  });
  await api("POST", PODS, {
    metadata: { name: "script" },
    spec: { restartPolicy: "Never", containers: [{ ...container, command }] },
  });
  await until(
    async () => (await api("GET", `${DEPLOYMENTS}/warm`)).status?.availableReplicas === 2,
  );
  await until(async () => (await api("GET", `${PODS}/script`)).status?.phase === "Succeeded");
}

async function until(isTrue) {
  const deadline = performance.now() + RUN_MS_MAX;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error("the warm-up did not end in time");
    await sleep(20);
  }
}

function client(folder, port) {
  const read = (name) => readFileSync(join(folder, "pki", name), "utf8");
  const [ca, cert, key] = [read("ca.crt"), read("admin.crt"), read("admin.key")];
  const headers = { "content-type": "application/json" };
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path, method, ca, cert, key, headers };
      const outgoing = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part) => {
          text += part;
        });
        response.on("end", () => {
          if (response.statusCode < 300) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${text}`));
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
