// What `npm run up` and `npm test` do first: install and build, each only when stale.
import { spawnSync } from "node:child_process";
import { distIsStale, modulesAreStale, root } from "./stale.mjs";

/** Returns whether anything was stale. Ends the process with npm's exit code when the installation fails. */
export async function prepare() {
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
