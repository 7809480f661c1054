// Replies in YAML, as upstream's goyaml prints them: keys sorted, lists not indented, double
// quotes only where a bare word would be no string, single ones where it would not parse.
import type { Scalar } from "yaml";
import { Document, visit } from "yaml";
import { INFINITE, plainScalar } from "./yaml-document.ts";

const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}.*)?$/;

/** What goyaml escapes rather than prints. */
const UNPRINTABLE = /[\0-\x08\x0b-\x1f\t\x7f]| \n/;

const isBareString = (text: string): boolean =>
  plainScalar(text).type === "string" &&
  ![BASE_60, TIMESTAMP, INFINITE, UNPRINTABLE].some((pattern) => pattern.test(text));

export function encodeYaml(value: unknown): Buffer {
  const document = new Document(JSON.parse(JSON.stringify(value)), {
    version: "1.2",
    sortMapEntries: true,
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar(_key, node: Scalar) {
      if (typeof node.value !== "string") return;
      if (!isBareString(node.value)) node.type = "QUOTE_DOUBLE";
      else if (node.value.includes("\n")) node.type = "BLOCK_LITERAL";
    },
  });
  const text = document.toString({
    indentSeq: false,
    singleQuote: true,
    minContentWidth: 0,
    blockQuote: "literal",
  });
  return Buffer.from(text, "utf8");
}
