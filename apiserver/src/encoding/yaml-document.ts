// YAML bodies, read as upstream's goyaml does (YAML 1.1 scalars without sexagesimals and
// timestamps, keys made strings), into the same document as JSON.
import type { CST, Document, Node, Pair } from "yaml";
import {
  Composer,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  visit,
} from "yaml";
import { DEPTH_MAX, type JsonNode } from "./json-document.ts";
import { syntaxErrorText } from "./yaml-errors.ts";

/** The message is upstream's, `yaml: ` included. */
export class YamlError extends Error {}

export interface YamlDocument {
  node: JsonNode;
  /** Text of upstream's error about repeated keys; absent when there are none. */
  duplicates?: string;
}

const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

const nothing: JsonNode = { type: "null" };

/** Reads the first document. Throws YamlError. */
export function readYaml(text: string): YamlDocument {
  if (CONTROL.test(text)) throw new YamlError("yaml: control characters are not allowed");
  const lines = new LineCounter();
  // Scalars are resolved below, since goyaml's YAML 1.1 is not quite the standard's.
  const composer = new Composer({ version: "1.1", schema: "failsafe", uniqueKeys: false });
  const first = composer.compose(tokensOf(text, lines), true).next().value;
  if (first === undefined) return { node: nothing };
  const error = first.errors[0];
  if (error !== undefined) throw new YamlError(syntaxErrorText(error, text));
  const converter = new Converter((at) => lines.linePos(at).line, aliasTargets(first));
  const node = converter.convert(first.contents as Node | null);
  const { duplicates } = converter;
  if (duplicates.length === 0) return { node };
  return {
    node,
    duplicates: `yaml: unmarshal errors:\n${duplicates.map((d) => `  ${d}`).join("\n")}`,
  };
}

const tooDeep = () => new YamlError("yaml: exceeded max depth of 10000");

/** The parser keeps a stack of its own, but what composes its tokens uses the real one. */
function* tokensOf(text: string, lines: LineCounter): Generator<CST.Token> {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > DEPTH_MAX) throw tooDeep();
  }
  yield* parser.end();
}

/** What each alias stands for: the anchor of its name that came last before it. */
function aliasTargets(document: Document): ReadonlyMap<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target === undefined)
          throw new YamlError(`yaml: unknown anchor '${node.source}' referenced`);
        targets.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node as Node);
    },
  });
  return targets;
}

/** goyaml's bounds of how much of a document may come from aliases. */
function isMostlyAliases(aliased: number, all: number): boolean {
  if (aliased <= 100 || all <= 1000) return false;
  const share = Math.min(1, Math.max(0, (all - 400_000) / 3_600_000));
  return aliased / all > 0.99 - 0.89 * share;
}

class Converter {
  readonly duplicates: string[] = [];
  readonly #lineAt: (offset: number) => number;
  readonly #targets: ReadonlyMap<Node, Node>;
  /** Anchors in whose value the conversion is. */
  readonly #open = new Set<Node>();
  #depth = 0;
  #converted = 0;
  #aliased = 0;

  constructor(lineAt: (offset: number) => number, targets: ReadonlyMap<Node, Node>) {
    this.#lineAt = lineAt;
    this.#targets = targets;
  }

  convert(given: Node | null): JsonNode {
    this.#converted++;
    if (this.#open.size > 0) this.#aliased++;
    if (isMostlyAliases(this.#aliased, this.#converted))
      throw new YamlError("yaml: document contains excessive aliasing");
    if (given === null) return nothing;
    const target = this.#targets.get(given);
    if (target === undefined) return this.#convert(given);
    if (this.#open.has(target))
      throw new YamlError(`yaml: anchor '${target.anchor ?? ""}' value contains itself`);
    this.#open.add(target);
    const node = this.#convert(target);
    this.#open.delete(target);
    return node;
  }

  #convert(node: Node): JsonNode {
    if (isScalar(node)) return scalarNode(node);
    if (this.#depth++ > DEPTH_MAX) throw tooDeep();
    try {
      if (isSeq(node))
        return { type: "array", items: node.items.map((item) => this.convert(item as Node)) };
      if (isMap(node)) return { type: "object", members: this.#members(node.items as Pair[]) };
    } finally {
      this.#depth--;
    }
    return nothing;
  }

  #members(pairs: readonly Pair[]): { key: string; value: JsonNode }[] {
    const own = new Map<string, JsonNode>();
    const merged: { key: string; value: JsonNode }[] = [];
    for (const pair of pairs.filter(isPair)) {
      const keyNode = pair.key as Node | null;
      const value = this.convert(pair.value as Node | null);
      if (isScalar(keyNode) && keyNode.value === "<<" && keyNode.type === "PLAIN") {
        merged.push(...membersOf(value));
        continue;
      }
      const key = this.#keyText(keyNode, value);
      if (own.has(key)) {
        const line = this.#lineAt((keyNode as Node).range?.[0] ?? 0);
        this.duplicates.push(`line ${line}: key ${JSON.stringify(key)} already set in map`);
      }
      own.set(key, value);
    }
    for (const { key, value } of merged) if (!own.has(key)) own.set(key, value);
    // Upstream goes on with JSON, whose keys it has sorted.
    const sorted = [...own].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([key, value]) => ({ key, value }));
  }

  #keyText(keyNode: Node | null, value: JsonNode): string {
    const key = this.convert(keyNode);
    if (key.type === "string") return key.value;
    if (key.type === "number") return key.text;
    if (key.type === "bool") return String(key.value);
    const shown =
      value.type === "string"
        ? JSON.stringify(value.value)
        : value.type === "null"
          ? "<nil>"
          : value.type;
    throw new YamlError(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${shown}`);
  }
}

/** The members that a merge key (`<<: *base`, or a list of them) brings in. */
function membersOf(value: JsonNode): { key: string; value: JsonNode }[] {
  if (value.type === "object") return value.members;
  if (value.type === "array") return value.items.flatMap(membersOf);
  throw new YamlError("yaml: map merge requires map or sequence of maps as the value");
}

const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

function scalarNode(node: {
  value: unknown;
  source?: string;
  type?: string;
  tag?: string;
}): JsonNode {
  const text = typeof node.value === "string" ? node.value : (node.source ?? "");
  if (node.tag === "!!binary" || node.tag === "tag:yaml.org,2002:binary")
    return { type: "string", value: Buffer.from(text, "base64").toString("utf8") };
  if (node.type !== "PLAIN" || node.tag !== undefined) return { type: "string", value: text };
  if (INFINITE.test(text)) throw new YamlError(`json: unsupported value: ${infiniteText(text)}`);
  return plainScalar(text);
}

export const INFINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

const infiniteText = (text: string): string =>
  /nan/i.test(text) ? "NaN" : text.startsWith("-") ? "-Inf" : "+Inf";

/** What an unquoted word means. */
export function plainScalar(text: string): JsonNode {
  if (NULL.test(text)) return nothing;
  if (TRUE.test(text)) return { type: "bool", value: true };
  if (FALSE.test(text)) return { type: "bool", value: false };
  const integer = integerText(text);
  if (integer !== undefined) return { type: "number", text: integer };
  const plain = text.replaceAll("_", "");
  if (FLOAT.test(plain)) {
    const value = Number(plain);
    if (Number.isFinite(value)) return { type: "number", text: goFloat(value) };
  }
  return { type: "string", value: text };
}

/** 64 bits behind `0b`. */
const INTEGER_LENGTH_MAX = 66;

/** Decimal, octal (`0777`, `0o777`), hexadecimal and binary of 64 bits, with underscores; undefined
 *  for another word. */
function integerText(given: string): string | undefined {
  const parts = /^([-+]?)(0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|0[0-7_]*|[1-9][0-9_]*)$/.exec(given);
  if (parts === null) return undefined;
  let digits = (parts[2] as string).replaceAll("_", "");
  if (digits.length > INTEGER_LENGTH_MAX) return undefined;
  if (/^0[0-7]+$/.test(digits)) digits = `0o${digits.slice(1)}`;
  const value = BigInt(digits) * (parts[1] === "-" ? -1n : 1n);
  return value < -(2n ** 63n) || value >= 2n ** 64n ? undefined : String(value);
}

/** As Go's JSON encoder prints a float64. */
function goFloat(value: number): string {
  const text = String(value);
  return text.includes("e") ? text.replace(/e([+-])(\d)$/, "e$10$2") : text;
}
