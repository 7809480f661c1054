// Which file may import which: the boundaries of ARCHITECTURE.md.
import type { Finding, Import, Rule, SourceFile } from "./source-tree.ts";

const COMPONENTS = ["apiserver", "scheduler", "controller-manager", "kubelet", "cli"];

/** What each folder of shared may import of shared, itself included. */
const SHARED_LAYERS: Record<string, readonly string[]> = {
  runtime: [],
  api: [],
  machinery: ["api"],
  client: ["api", "machinery", "runtime"],
  cache: ["api", "machinery", "client", "runtime"],
  workqueue: ["runtime"],
  controller: ["api", "machinery", "client", "cache", "workqueue", "runtime"],
  "leader-election": ["api", "machinery", "client", "cache", "controller", "runtime"],
};

/** The API server from bottom to top: a folder imports its own layer and those below. */
const APISERVER_LAYERS: readonly (readonly string[])[] = [
  ["storage"],
  ["encoding", "patch", "apply", "resources", "admission", "registry"],
  ["filters", "handlers"],
];
/** Files that lie directly in apiserver/src: server.ts, main.ts. */
const APISERVER_TOP = APISERVER_LAYERS.length;

function finding(file: SourceFile, { line }: Import, message: string): Finding {
  return { path: file.path, line, message };
}

/** Tests may look into every folder of their own component. */
const eachImport = (
  files: readonly SourceFile[],
  check: (file: SourceFile, one: Import) => Finding[],
  options: { tests: boolean },
): Finding[] =>
  files
    .filter((file) => options.tests || !file.isTest)
    .flatMap((file) => file.imports.flatMap((one) => check(file, one)));

export const componentsMeetOverHttp: Rule = (files) =>
  eachImport(
    files,
    (file, one) => {
      const from = workspaceOf(file.path);
      const to = one.path === undefined ? undefined : workspaceOf(one.path);
      if (to === undefined || to === from || from === "test" || from === "bench") return [];
      if (to === "shared" && COMPONENTS.includes(from)) return [];
      return [
        finding(file, one, `${from} imports ${to}: a component imports shared and itself only`),
      ];
    },
    { tests: true },
  );

export const sharedIsLayered: Rule = (files) =>
  eachImport(
    files,
    (file, one) => {
      const [from, to] = [sharedFolder(file.path), one.path && sharedFolder(one.path)];
      if (from === undefined || to === undefined || to === "" || from === to) return [];
      if (SHARED_LAYERS[from]?.includes(to)) return [];
      return [finding(file, one, `shared/${from} must not import shared/${to}`)];
    },
    { tests: false },
  );

export const apiserverIsLayered: Rule = (files) =>
  eachImport(
    files,
    (file, one) => {
      const [from, to] = [apiserverLayer(file.path), one.path && apiserverLayer(one.path)];
      if (typeof from !== "number" || typeof to !== "number" || to <= from) return [];
      return [
        finding(file, one, `${folderOf(file.path)} is below ${folderOf(one.path as string)}`),
      ];
    },
    { tests: false },
  );

/** Keys, revisions and bytes: no kinds. */
export const storageKnowsNoKinds: Rule = (files) =>
  eachImport(
    files.filter((file) => file.path.startsWith("apiserver/src/storage/")),
    (file, one) =>
      /^shared\/src\/(api|machinery)\//.test(one.path ?? "")
        ? [finding(file, one, "storage knows keys, revisions and bytes, not kinds")]
        : [],
    { tests: false },
  );

/** A plugin decides from the snapshot that it is given. */
export const pluginsAskNobody: Rule = (files) =>
  eachImport(
    files.filter((file) => file.path.startsWith("scheduler/src/plugins/")),
    (file, one) =>
      /^shared\/src\/(client|cache)\//.test(one.path ?? "") && !one.isType
        ? [finding(file, one, "a scheduler plugin sees a snapshot, never a client")]
        : [],
    { tests: false },
  );

/** Types do not exist at run time, and what is loaded lazily may look back. */
export const noImportCycles: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, "open" | "done">();
  const findings: Finding[] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    state.set(file.path, "open");
    for (const one of file.imports) {
      const next = one.path === undefined ? undefined : byPath.get(one.path);
      if (next === undefined || one.isType || one.isLazy) continue;
      if (state.get(next.path) === "open") {
        const cycle = [...trail.slice(trail.indexOf(next.path)), file.path, next.path];
        findings.push(finding(file, one, `import cycle: ${[...new Set(cycle)].join(" → ")}`));
      } else if (state.get(next.path) === undefined) {
        visit(next, [...trail, file.path]);
      }
    }
    state.set(file.path, "done");
  };
  for (const file of files) if (!state.has(file.path)) visit(file, []);
  return findings;
};

/** Entry points, and what tests share, need no importer in the product. */
const NEEDS_NO_IMPORTER = /\/main\.ts$|\.test\.ts$|^test\/|(^|\/)bench\//;
const FOR_TESTS =
  /[/-](suite|fixtures?|scene|testing)\.ts$|\/contract\/|\/(fake|simulated)-[^/]*\.ts$/;

export const everyFileIsUsed: Rule = (files) => {
  const inProduct = new Set<string>();
  const anywhere = new Set<string>();
  for (const file of files) {
    for (const { path } of file.imports) {
      if (path === undefined || path === file.path) continue;
      anywhere.add(path);
      if (!file.isTest && !/^(test|bench)\//.test(file.path)) inProduct.add(path);
    }
  }
  return files.flatMap(({ path }) => {
    if (NEEDS_NO_IMPORTER.test(path) || inProduct.has(path)) return [];
    if (!anywhere.has(path)) return [{ path, line: 1, message: "nothing imports this file" }];
    return FOR_TESTS.test(path) ? [] : [{ path, line: 1, message: "only tests import this file" }];
  });
};

const workspaceOf = (path: string) => path.slice(0, path.indexOf("/"));
const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));

/** `runtime` of shared/src/runtime/clock.ts; empty for a file directly in shared/src. */
function sharedFolder(path: string): string | undefined {
  const [, folder] = /^shared\/src\/(?:([^/]+)\/)?/.exec(path) ?? [];
  return path.startsWith("shared/src/") ? (folder ?? "") : undefined;
}

function apiserverLayer(path: string): number | undefined {
  const [, folder] = /^apiserver\/src\/(?:([^/]+)\/)?/.exec(path) ?? [];
  if (!path.startsWith("apiserver/src/")) return undefined;
  if (folder === undefined) return APISERVER_TOP;
  const layer = APISERVER_LAYERS.findIndex((folders) => folders.includes(folder));
  return layer === -1 ? APISERVER_TOP : layer;
}
