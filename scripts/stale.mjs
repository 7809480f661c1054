// Tells, in a few milliseconds, whether node_modules and dist are what the lock file and the sources ask for.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["shared", "apiserver", "scheduler", "controller-manager", "kubelet", "cli"];
const stamp = join(root, "dist/.stamp");

/** Whether a package of the lock file is missing from node_modules, or has another version there. */
export function modulesAreStale() {
  const installed = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return true;
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(want).some(([path, entry]) => {
    if (!path.startsWith("node_modules/")) return false;
    // An optional package of another platform is never installed.
    if (have[path] === undefined) return !(entry.optional || entry.peer);
    return have[path].version !== entry.version || have[path].integrity !== entry.integrity;
  });
}

/** Whether a source was added, removed or changed since the last build. */
export function distIsStale() {
  return !existsSync(stamp) || readFileSync(stamp, "utf8") !== fingerprint();
}

export function recordBuild(fingerprintBefore) {
  writeFileSync(stamp, fingerprintBefore);
}

/** Changes when a source is added, removed or written. */
export function fingerprint() {
  const hash = createHash("sha256");
  const add = (path) => {
    const { mtimeMs, size } = statSync(join(root, path));
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  };
  add("package-lock.json");
  add("scripts/build.mjs");
  for (const workspace of SOURCES) {
    const files = readdirSync(join(root, workspace, "src"), {
      recursive: true,
      withFileTypes: true,
    });
    const paths = files
      .filter((entry) => entry.isFile() && !/\.test\.ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length));
    for (const path of paths.sort()) add(path);
  }
  return hash.digest("hex");
}
