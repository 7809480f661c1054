// docs/kubectl.md: a table of rows and kubectl's minor versions.
import type { Case } from "./case.ts";
import { selectedIds } from "./selection.ts";

export type Outcome = "passed" | "not yet" | "unknown" | "failed";
/** Minor version → id of a case → how it ended. */
export type Outcomes = Map<number, Map<string, Outcome>>;

export interface Report {
  cases: readonly Case[];
  /** Ascending. */
  minors: readonly number[];
  /** Of a case with a kubectl. */
  mark(id: string, minor: number): string;
}

const marks: Record<Outcome, string> = {
  passed: "✓",
  "not yet": "✗",
  unknown: "–",
  failed: "failed",
};
const ID = /^\| `([^`]+)`•? \|/;

/** What did not run now stays as it is in `committed`, unless the row says otherwise by now: a row that works was never tried then. */
export function mergeReport(cases: readonly Case[], outcomes: Outcomes, committed: string): Report {
  const before = readReport(committed);
  const unbuilt = new Set(cases.filter(({ notYet }) => notYet !== undefined).map(({ id }) => id));
  const minors = [...new Set([...before.minors, ...outcomes.keys()])].sort((a, b) => a - b);
  return {
    cases,
    minors,
    mark(id, minor) {
      const outcome = outcomes.get(minor)?.get(id);
      if (outcome !== undefined) return marks[outcome];
      const kept = before.marks.get(`${id} ${minor}`) ?? "";
      return kept === (unbuilt.has(id) ? marks.passed : marks["not yet"]) ? "" : kept;
    },
  };
}

function readReport(text: string): { minors: number[]; marks: Map<string, string> } {
  let minors: number[] = [];
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const cells = line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim());
    if (line.startsWith("| id |")) {
      minors = cells.flatMap((cell) => (/^1\.\d+$/.test(cell) ? [Number(cell.slice(2))] : []));
    }
    const [, id] = ID.exec(line) ?? [];
    if (id === undefined) continue;
    for (const [i, minor] of minors.entries()) found.set(`${id} ${minor}`, cells[i + 2] ?? "");
  }
  return { minors, marks: found };
}

const HEAD = `# kubectl against Coracle

Written by \`npm test\` (\`test/src/kubectl/matrix.test.ts\`): each row runs with the real kubectl of each minor version found, against a
running cluster of real processes, and is judged by exit code, objects and the text that a person reads, as against Kubernetes.

A run takes every row with the oldest, a middle and the newest kubectl that it finds (on the PATH, beside what is there, and what the
variable \`KUBECTL\` names), and those marked • with every one; with \`CORACLE_KUBECTL_MATRIX=whole\` all rows with all. Cells that a run
does not reach stay as they are: every cell below has been run.

✓ passes. ✗ does not work yet; the last column says why. (The row is run all the same: the test fails if it passes.) – this version of kubectl does not
have it.
`;

export function renderReport({ cases, minors, mark }: Report): string {
  const groups = [...new Set(cases.map(({ group }) => group))];
  const parts = groups.map((group) => {
    const rows = cases.filter((one) => one.group === group);
    const versions = minors.map((minor) => `1.${minor}`).join(" | ");
    const lines = rows.map(({ id, command, notYet = "" }) => {
      const cells = minors.map((minor) => mark(id, minor)).join(" | ");
      return `| \`${id}\`${selectedIds.has(id) ? "•" : ""} | ${command.replaceAll("|", "\\|")} | ${cells} | ${notYet} |`;
    });
    return [
      `\n## ${group}\n`,
      `| id | command | ${versions} | why not yet |`,
      `|---|---|${"---|".repeat(minors.length)}---|`,
      ...lines,
      "",
    ].join("\n");
  });
  return `${HEAD}${totals(cases, minors, mark)}${parts.join("")}`;
}

function totals(cases: readonly Case[], minors: readonly number[], mark: Report["mark"]): string {
  const count = (minor: number, wanted: string) =>
    cases.filter(({ id }) => mark(id, minor) === wanted).length;
  const line = (name: string, wanted: string) =>
    `| ${name} | ${minors.map((minor) => count(minor, wanted)).join(" | ")} |`;
  return [
    `\n| ${cases.length} rows | ${minors.map((minor) => `1.${minor}`).join(" | ")} |`,
    `|---|${"---|".repeat(minors.length)}`,
    line("✓", "✓"),
    line("✗ not yet", "✗"),
    line("– not in this kubectl", "–"),
    "",
  ].join("\n");
}
