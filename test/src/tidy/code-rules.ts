// What a file may call, how long it and its functions may be, and what it may be called.
import type { ESTree } from "vite";
import { childrenOf, type Finding, type Rule, type SourceFile, walk } from "./source-tree.ts";

const CLOCK_AND_RANDOM = /^shared\/src\/runtime\/(clock|random)\.ts$/;
/** Drivers of tests and benchmarks measure real time. */
const MEASURES = /^test\/|(^|\/)bench\//;
const MAY_USE_PROCESS = /^(cli|test)\/|(^|\/)bench\/|\/main\.ts$/;

const TIMERS = new Set(["setTimeout", "setInterval"]);
/** `object.property` → what to use instead. */
const BANNED_MEMBERS: Record<string, string> = {
  "Date.now": "clock.now()",
  "performance.now": "clock.monotonic()",
  "Math.random": "a Random",
  "crypto.randomUUID": "random.uuid()",
  "crypto.getRandomValues": "a Random",
};
const BANNED_IMPORTS: Record<string, readonly string[]> = {
  "node:crypto": ["randomUUID", "randomInt", "randomFillSync", "randomFill"],
  "node:timers": ["setTimeout", "setInterval"],
  "node:timers/promises": ["setTimeout", "setInterval", "scheduler"],
  "node:perf_hooks": ["performance"],
};

/** Time and chance are parameters, so that a cluster can run on a virtual clock and a seed. */
export const timeAndChanceAreParameters: Rule = (files) =>
  files
    .filter(({ path, isTest }) => !isTest && !CLOCK_AND_RANDOM.test(path) && !MEASURES.test(path))
    .flatMap((file) => [...bannedCalls(file), ...bannedImports(file)]);

/** A test that draws lots fails on another machine only. */
export const testsDrawNoLots: Rule = (files) =>
  files
    .filter((file) => file.isTest)
    .flatMap(bannedCalls)
    .filter(({ message }) => message.startsWith("Math.random"));

function bannedCalls(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const report = (node: ESTree.Node, message: string) =>
    findings.push({ path: file.path, line: file.lineAt(node.start), message });
  walk(file.program, (node) => {
    if (node.type === "MemberExpression") {
      const name = dotted(node);
      const instead = name === undefined ? undefined : BANNED_MEMBERS[name];
      if (instead !== undefined) report(node, `${name}: use ${instead}`);
    } else if (node.type === "NewExpression" && isNamed(node.callee, "Date")) {
      if (node.arguments.length === 0) report(node, "new Date(): use clock.now()");
    } else if (node.type === "CallExpression" && node.callee.type === "Identifier") {
      const { name } = node.callee;
      if (TIMERS.has(name)) report(node, `${name}: use clock.setTimer() or clock.sleep()`);
      if (name === "Date") report(node, "Date(): use clock.now()");
    }
  });
  return findings;
}

function bannedImports(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  for (const node of file.program.body) {
    if (node.type !== "ImportDeclaration") continue;
    const banned = BANNED_IMPORTS[node.source.value] ?? [];
    for (const specifier of node.specifiers) {
      const name = specifier.type === "ImportSpecifier" ? nameOf(specifier.imported) : undefined;
      if (name === undefined || !banned.includes(name)) continue;
      const message = `${name} of ${node.source.value}: use a Clock or a Random`;
      findings.push({ path: file.path, line: file.lineAt(node.start), message });
    }
  }
  return findings;
}

const FUNCTIONS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
] satisfies ESTree.Node["type"][] as string[]);

const PROCESS_MEMBERS = new Set(
  "arch argv cpuUsage cwd emit env exit exitCode hrtime kill memoryUsage nextTick on once pid platform send stderr stdin stdout uptime version versions".split(
    " ",
  ),
);

/** The functions (or the whole file) in which `process` is a name of the file's own. */
function scopesWithOwnProcess(program: ESTree.Program): ESTree.Node[] {
  const scopes: ESTree.Node[] = [];
  const search = (node: ESTree.Node, scope: ESTree.Node): void => {
    const inner = FUNCTIONS.has(node.type) ? node : scope;
    if (node.type === "VariableDeclarator" && bindsProcess(node.id)) scopes.push(inner);
    if ("params" in node && (node.params as ESTree.Node[]).some?.(bindsProcess)) scopes.push(inner);
    for (const child of childrenOf(node)) search(child, inner);
  };
  search(program, program);
  return scopes;
}

/** A name, `{ process }` or `{ x: process }`. */
function bindsProcess(pattern: ESTree.Node): boolean {
  if (pattern.type !== "ObjectPattern") return isNamed(pattern, "process");
  return pattern.properties.some((one) => one.type === "Property" && isNamed(one.value, "process"));
}

/** A component can then run in any process, several at once. */
export const onlyMainTouchesProcess: Rule = (files) =>
  files
    .filter(({ path, isTest }) => !isTest && !MAY_USE_PROCESS.test(path))
    .flatMap((file) => {
      const findings: Finding[] = [];
      const own = scopesWithOwnProcess(file.program);
      walk(file.program, (node) => {
        if (node.type !== "MemberExpression" || !isNamed(node.object, "process")) return;
        const property = nameOf(node.property as ESTree.Node) ?? "";
        if (!PROCESS_MEMBERS.has(property)) return;
        if (own.some(({ start, end }) => start <= node.start && node.end <= end)) return;
        const message = `process.${property}: only main.ts touches the process`;
        findings.push({ path: file.path, line: file.lineAt(node.start), message });
      });
      return findings;
    });

export const FILE_LINES_MAX = 500;
export const FUNCTION_LINES_MAX = 70;

export const lineCount = ({ text }: SourceFile): number =>
  text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

export const filesAreShort: Rule = (files) =>
  files
    .filter((file) => lineCount(file) > FILE_LINES_MAX)
    .map((file) => {
      const message = `${lineCount(file)} lines; the limit is ${FILE_LINES_MAX}`;
      return { path: file.path, line: FILE_LINES_MAX + 1, message };
    });

/** Not in tests, where one function holds a whole suite. */
export const functionsAreShort: Rule = (files) =>
  files
    .filter((file) => !file.isTest)
    .flatMap((file) => {
      const findings: Finding[] = [];
      walk(file.program, (node) => {
        if (!FUNCTIONS.has(node.type)) return;
        const line = file.lineAt(node.start);
        const lines = file.lineAt(node.end) - line + 1;
        if (lines <= FUNCTION_LINES_MAX) return;
        const message = `a function of ${lines} lines; the limit is ${FUNCTION_LINES_MAX}`;
        findings.push({ path: file.path, line, message });
      });
      return findings;
    });

const BANNED_NAME = /^(utils?|helpers?|common|misc|types?|base|impl)$/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;

export const namesSayWhatIsInside: Rule = (files) =>
  files.flatMap(({ path }) => {
    const words = path.replace(/(\.test)?\.ts$/, "").split("/");
    const bad = words.find((word) => BANNED_NAME.test(word) || !KEBAB_CASE.test(word));
    if (bad === undefined) return [];
    const message = BANNED_NAME.test(bad)
      ? `"${bad}" does not say what is inside`
      : `"${bad}" is not kebab-case`;
    return [{ path, line: 1, message }];
  });

export const nothingIsLeftForLater: Rule = (files) =>
  files.flatMap((file) =>
    file.comments.flatMap(({ text, line }) => {
      const [word] = /\b(TODO|FIXME|XXX|HACK)\b/.exec(text) ?? [];
      return word === undefined ? [] : [{ path: file.path, line, message: `${word} in a comment` }];
    }),
  );

const SUITE = new Set(["test", "it", "describe", "suite", "bench"]);

export const noTestIsSwitchedOff: Rule = (files) =>
  files.flatMap((file) => {
    const findings: Finding[] = [];
    walk(file.program, (node) => {
      if (node.type !== "MemberExpression" || node.object.type !== "Identifier") return;
      const property = nameOf(node.property as ESTree.Node) ?? "";
      if (!SUITE.has(node.object.name) || !["skip", "only", "todo"].includes(property)) return;
      const message = `${node.object.name}.${property}`;
      findings.push({ path: file.path, line: file.lineAt(node.start), message });
    });
    return findings;
  });

function dotted(node: ESTree.MemberExpression): string | undefined {
  const [object, property] = [nameOf(node.object), nameOf(node.property as ESTree.Node)];
  return object === undefined || node.computed ? undefined : `${object}.${property}`;
}

function nameOf(node: ESTree.Node): string | undefined {
  return node.type === "Identifier" ? node.name : undefined;
}

const isNamed = (node: ESTree.Node, name: string) => nameOf(node) === name;
