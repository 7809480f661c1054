// Lines per source file: median, p90, max; tests, generated files and data aside.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { quantile } from "./statistics.ts";

const ASIDE = /\.test\.ts$|\.d\.ts$|\/(facts|testdata|types)\/|^(test|bench)\//;

export function benchLines(): void {
  const root = new URL("../../", import.meta.url);
  const files = execFileSync("git", ["ls-files", "*.ts"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && !ASIDE.test(file));
  const lengths = files.map(
    (file) => readFileSync(new URL(file, root), "utf8").split("\n").length - 1,
  );
  const [median, p90, max] = [0.5, 0.9, 1].map((share) => quantile(lengths, share));
  console.log(`lines per file: median ${median}, p90 ${p90}, max ${max}, in ${files.length} files`);
}
