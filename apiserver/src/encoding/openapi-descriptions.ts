// Texts for `kubectl explain`. They are upstream's documentation, which this project does not
// contain: a build reads them out of the models of a development dependency (@kubernetes/client-
// node) and ships the table beside the bundle.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Descriptions } from "./openapi-schema.ts";

/** By type name; the text of the type itself is under "". Under the name "": members that every kind has, `apiVersion` and `kind`. */
export type DescriptionTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function descriptionsOf(table: DescriptionTable): Descriptions {
  return {
    ofType: (typeName) => table[typeName]?.[""] ?? "",
    ofField: (typeName, field) => table[typeName]?.[field] ?? table[""]?.[field] ?? "",
  };
}

/** The table that a build wrote to `path`, read when the first text is asked for. Without the file there are no texts. */
export function fileDescriptions(path: string): Descriptions {
  let table: Descriptions | undefined;
  const read = (): Descriptions => {
    table ??= descriptionsOf(
      existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as DescriptionTable) : {},
    );
    return table;
  };
  return {
    ofType: (typeName) => read().ofType(typeName),
    ofField: (typeName, field) => read().ofField(typeName, field),
  };
}

/** Reads `dist/gen/models` of @kubernetes/client-node, one file per type when it is first asked
 *  for. A type that has no file has no description. */
export function clientNodeDescriptions(folder: string): Descriptions {
  const known = new Map<string, Readonly<Record<string, string>>>();
  const of = (typeName: string): Readonly<Record<string, string>> => {
    let texts = known.get(typeName);
    if (texts === undefined) {
      texts = parseModel(modelText(folder, typeName));
      known.set(typeName, texts);
    }
    return texts;
  };
  return {
    ofType: (typeName) => of(typeName)[""] ?? "",
    ofField: (typeName, field) => of(typeName)[field] ?? "",
  };
}

/** The table of what `descriptions` says about `typeNames`, for a build to write to a file. */
export function collectDescriptions(
  typeNames: readonly string[],
  fieldsOf: (typeName: string) => readonly string[],
  descriptions: Descriptions,
): DescriptionTable {
  return Object.fromEntries(
    typeNames.map((typeName) => {
      const fields = fieldsOf(typeName).map((field) => [
        field,
        descriptions.ofField(typeName, field),
      ]);
      const texts = [["", descriptions.ofType(typeName)], ...fields].filter(
        ([, text]) => text !== "",
      );
      return [typeName, Object.fromEntries(texts) as Record<string, string>];
    }),
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The client calls a type `V1Pod`, or `CoreV1Event` where several groups have one. */
function modelText(folder: string, typeName: string): string {
  const [group = "", version = "", kind = ""] = typeName.split(".").slice(-3);
  const names = [`${capital(version)}${kind}`, `${capital(group)}${capital(version)}${kind}`];
  for (const name of names) {
    try {
      return readFileSync(join(folder, `${name}.d.ts`), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return "";
}

const COMMENT_AND_CLASS = /\/\*\*\n((?:\s*\*[^\n]*\n)*?)\s*\*\/\nexport declare class /;
const COMMENT_AND_FIELD = /\/\*\*\n((?:\s*\*[^\n]*\n)*?)\s*\*\/\n\s*'([^']+)'\??:/g;

const plainText = (comment: string): string =>
  comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim()
    .replace(/\\(["'])/g, "$1");

/** Texts of a class in a declaration file; exported for its test. */
export function parseModel(text: string): Record<string, string> {
  const texts: Record<string, string> = {};
  const ofClass = COMMENT_AND_CLASS.exec(text)?.[1];
  if (ofClass !== undefined) texts[""] = plainText(ofClass);
  const start = text.indexOf("export declare class ");
  for (const [, comment, name] of text.slice(Math.max(start, 0)).matchAll(COMMENT_AND_FIELD))
    texts[(name as string).replace(/^_/, "")] = plainText(comment as string);
  return texts;
}
