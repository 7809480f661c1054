// What `npm run up` and `npm test` do first: install and build, each only when stale.
import { spawnSync } from "node:child_process";
import { distIsStale, modulesAreStale, root } from "./stale.mjs";

/** As "engines" in package.json: what the tests' tools need, and the store (zlib.crc32). */
const NODE_MIN = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  console.error(
    `Coracle needs Node ${NODE_MIN.join(".")} or later; this is ${process.versions.node}.`,
  );
  process.exit(1);
}

/** Returns whether anything was stale. Ends the process with npm's exit code when the installation fails. */
export async function prepare() {
  checkNode();
  const isStale = modulesAreStale() || distIsStale();
  if (modulesAreStale()) {
    console.log("node_modules is stale: npm ci");
    const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
      cwd: root,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    if (status !== 0) process.exit(status ?? 1);
  }
  if (distIsStale()) {
    const { build } = await import("./build.mjs");
    const startMs = performance.now();
    await build();
    console.log(`built in ${((performance.now() - startMs) / 1000).toFixed(2)} s`);
  }
  return isStale;
}
