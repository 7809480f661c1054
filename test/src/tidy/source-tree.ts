// The project's TypeScript files, parsed once, for the rules beside this file.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type ESTree, parseSync } from "vite";

export const WORKSPACES = [
  "shared",
  "apiserver",
  "scheduler",
  "controller-manager",
  "kubelet",
  "cli",
  "test",
  "bench",
];

export interface Import {
  /** As written. */
  specifier: string;
  /** The file in this project that it means; undefined for a package or a node module. */
  path: string | undefined;
  /** Erased when compiled. */
  isType: boolean;
  /** `import()`: loaded when it is used. */
  isLazy: boolean;
  line: number;
}

export interface SourceFile {
  /** From the root of the project, with `/`. */
  path: string;
  text: string;
  /** A test, or a contract suite that tests call. */
  isTest: boolean;
  program: ESTree.Program;
  comments: { text: string; line: number }[];
  imports: Import[];
  /** 1-based line of an offset. */
  lineAt(offset: number): number;
}

export interface Finding {
  path: string;
  line: number;
  message: string;
}

export type Rule = (files: readonly SourceFile[]) => Finding[];

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Generated from the facts, and not written by people. */
const GENERATED = /^shared\/src\/api\/types\/|\/testdata\//;

export function readProject(): SourceFile[] {
  return WORKSPACES.flatMap((workspace) => {
    const entries = readdirSync(join(root, workspace, "src"), {
      recursive: true,
      withFileTypes: true,
    });
    return entries
      .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
      .filter((path) => !GENERATED.test(path))
      .map((path) => parseFile(path, readFileSync(join(root, path), "utf8")));
  });
}

/** Throws when `text` is not TypeScript. */
export function parseFile(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text, { lang: "ts", sourceType: "module" });
  if (parsed.errors.length > 0) throw new SyntaxError(`${path}: ${parsed.errors[0]?.message}`);
  const lineAt = lineFinder(text);
  const { staticImports, staticExports, dynamicImports } = parsed.module;
  const imported = (start: number, specifier: string, isType: boolean, isLazy = false): Import => ({
    specifier,
    path: projectPath(specifier, path),
    isType,
    isLazy,
    line: lineAt(start),
  });
  const reExports = staticExports.flatMap(({ start, entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null ? [] : [imported(start, moduleRequest.value, isType)],
    ),
  );
  return {
    path,
    text,
    isTest: /\.test\.ts$|[/-]suite\.ts$/.test(path),
    program: parsed.program,
    comments: parsed.comments.map(({ value, start }) => ({ text: value, line: lineAt(start) })),
    lineAt,
    imports: [
      ...staticImports.map(({ start, moduleRequest, entries }) => {
        const isType = entries.length > 0 && entries.every((entry) => entry.isType);
        return imported(start, moduleRequest.value, isType);
      }),
      ...reExports,
      ...dynamicImports.map(({ start, moduleRequest }) => {
        const written = text.slice(moduleRequest.start, moduleRequest.end);
        return imported(start, written.replace(/^["'`]|["'`]$/g, ""), false, true);
      }),
    ],
  };
}

/** `@coracle/shared/runtime/clock` → `shared/src/runtime/clock.ts` */
function projectPath(specifier: string, from: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(dirname(from), specifier);
  const [, workspace, rest] = /^@coracle\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
  return workspace === undefined ? undefined : `${workspace}/src/${rest}.ts`;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Calls `enter` for `node` and every node below it. */
export function walk(node: ESTree.Node, enter: (node: ESTree.Node) => void): void {
  enter(node);
  for (const child of childrenOf(node)) walk(child, enter);
}

export function childrenOf(node: ESTree.Node): ESTree.Node[] {
  return Object.entries(node).flatMap(([name, value]) =>
    name === "parent" ? [] : (Array.isArray(value) ? value : [value]).filter(isNode),
  );
}

function isNode(value: unknown): value is ESTree.Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
