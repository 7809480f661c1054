// npm test [-- vitest arguments]: installs and builds when stale, runs the tests, and ends with `N passed, N failed`.
// With CI set, a skipped test is a failure unless allowed below.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "./prepare.mjs";
import { root } from "./stale.mjs";

/** Tests that CI may skip: name and reason. */
const ALLOWED_SKIPS = new Map([]);

await prepare();
const summaryFile = join(root, "node_modules/.cache/coracle-test/summary.json");
rmSync(summaryFile, { force: true });
const reporters = ["default", join(root, "scripts/summary-reporter.mjs")];
const { status } = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    ...reporters.map((reporter) => `--reporter=${reporter}`),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, CORACLE_TEST_SUMMARY: summaryFile } },
);
if (!existsSync(summaryFile)) {
  console.log("the tests could not be run\n0 passed, 1 failed");
  process.exit(1);
}

const { passed, failed, skipped } = JSON.parse(readFileSync(summaryFile, "utf8"));
const forbidden = process.env.CI ? skipped.filter(({ name }) => !ALLOWED_SKIPS.has(name)) : [];
if (skipped.length > 0) console.log("\nskipped:");
for (const { file, name, reason } of skipped) {
  const mark = forbidden.some((one) => one.name === name) ? "  (a failure in CI)" : "";
  console.log(`  ${file}: ${name}\n    ${ALLOWED_SKIPS.get(name) ?? reason}${mark}`);
}
const notRun = skipped.length - forbidden.length;
// Vitest also fails for what is no test, such as no test found.
const failures = failed + forbidden.length || (status === 0 ? 0 : 1);
console.log(`${passed} passed, ${failures} failed${notRun > 0 ? `, ${notRun} skipped` : ""}`);
process.exit(failures > 0 ? 1 : 0);
