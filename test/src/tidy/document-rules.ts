// Documents name files; a name that leads nowhere is a finding.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "./source-tree.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDERS = [".", "docs", "docs/checklists"];

export interface Document {
  path: string;
  text: string;
}

export function readDocuments(): Document[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name))
      .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
  );
}

/** `[text](target)`, anchors and other sites left out. */
const LINK = /\]\((?!https?:|#)([^)#]+)[^)]*\)/g;
/** `shared/src/runtime/clock.ts` or `cli/src/` in backticks; with < > or * it is a pattern. */
const CODE_PATH = /`([\w.-]+(?:\/[\w.-]+)*(?:\.(?:ts|mjs|json|yaml|yml|md)|\/))`/g;

/** A path in backticks is meant from the root; a bare file name is searched for nowhere. */
export function deadReferences(
  documents: readonly Document[],
  exists = (path: string) => existsSync(join(root, path)),
): Finding[] {
  return documents.flatMap(({ path, text }) =>
    text.split("\n").flatMap((content, index) => {
      const links = [...content.matchAll(LINK)].map(([, target]) =>
        join(dirname(path), target as string),
      );
      const paths = [...content.matchAll(CODE_PATH)]
        .map(([, target]) => target as string)
        .filter((target) => target.includes("/") && target !== "./");
      return [...links, ...paths]
        .filter((target) => !exists(target))
        .map((target) => ({ path, line: index + 1, message: `${target} does not exist` }));
    }),
  );
}
