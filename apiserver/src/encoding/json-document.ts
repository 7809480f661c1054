// A JSON reader that keeps what JSON.parse loses: repeated keys, their order, numbers as written.
// It refuses what Go's encoding/json refuses, with its words. Slow, and therefore only used when
// something is wrong with a document.
import { NumberLiteral } from "./normalise.ts";

/** The message is that of Go's json.SyntaxError. */
export class JsonSyntaxError extends Error {}

export type JsonNode =
  | { type: "object"; members: { key: string; value: JsonNode }[] }
  | { type: "array"; items: JsonNode[] }
  | { type: "string"; value: string }
  | { type: "number"; text: string }
  | { type: "bool"; value: boolean }
  | { type: "null" };

/** Go's limit is 10,000, but the stack has to be enough for every walk over a document, twice. */
export const DEPTH_MAX = 300;

/** Of a value that did not come out of readJson. Takes no stack itself. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== "object" || one === null) continue;
      for (const inner of Array.isArray(one) ? one : Object.values(one)) {
        if (typeof inner === "object" && inner !== null) next.push(inner);
      }
    }
    if (next.length === 0) return false;
    level = next;
  }
  return true;
}

const isSpace = (c: string): boolean => c === " " || c === "\t" || c === "\r" || c === "\n";
const isDigit = (c: string): boolean => c >= "0" && c <= "9";

/** A character as Go's scanner quotes it. */
function quoteChar(c: string): string {
  if (c === "'") return `'\\''`;
  if (c === '"') return `'"'`;
  const text = JSON.stringify(c).slice(1, -1);
  return `'${text}'`;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const node = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail("after top-level value");
    return node;
  }

  #fail(context: string): never {
    const c = this.#text[this.#at];
    if (c === undefined) throw new JsonSyntaxError("unexpected end of JSON input");
    throw new JsonSyntaxError(`invalid character ${quoteChar(this.#asByte(c))} ${context}`);
  }

  /** Go's scanner sees bytes: of a longer character only the first, shown as Latin-1. */
  #asByte(c: string): string {
    if (c.charCodeAt(0) < 128) return c;
    const point = String.fromCodePoint(this.#text.codePointAt(this.#at) as number);
    return String.fromCharCode(Buffer.from(point, "utf8")[0] as number);
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #space(): void {
    while (this.#at < this.#text.length && isSpace(this.#peek())) this.#at++;
  }

  #value(): JsonNode {
    this.#space();
    const c = this.#peek();
    if (c === "{") return this.#nested(() => this.#object());
    if (c === "[") return this.#nested(() => this.#array());
    if (c === '"') return { type: "string", value: this.#string() };
    if (c === "-" || isDigit(c)) return { type: "number", text: this.#number() };
    if (c === "t") return this.#literal("true", { type: "bool", value: true });
    if (c === "f") return this.#literal("false", { type: "bool", value: false });
    if (c === "n") return this.#literal("null", { type: "null" });
    return this.#fail("looking for beginning of value");
  }

  #nested(read: () => JsonNode): JsonNode {
    if (++this.#depth > DEPTH_MAX) this.#fail("exceeded max depth");
    this.#at++;
    const node = read();
    this.#depth--;
    return node;
  }

  #object(): JsonNode {
    const members: { key: string; value: JsonNode }[] = [];
    this.#space();
    if (this.#peek() === "}") {
      this.#at++;
      return { type: "object", members };
    }
    for (;;) {
      this.#space();
      if (this.#peek() !== '"') this.#fail("looking for beginning of object key string");
      const key = this.#string();
      this.#space();
      if (this.#peek() !== ":") this.#fail("after object key");
      this.#at++;
      members.push({ key, value: this.#value() });
      this.#space();
      const c = this.#peek();
      if (c !== "," && c !== "}") this.#fail("after object key:value pair");
      this.#at++;
      if (c === "}") return { type: "object", members };
    }
  }

  #array(): JsonNode {
    const items: JsonNode[] = [];
    this.#space();
    if (this.#peek() === "]") {
      this.#at++;
      return { type: "array", items };
    }
    for (;;) {
      items.push(this.#value());
      this.#space();
      const c = this.#peek();
      if (c !== "," && c !== "]") this.#fail("after array element");
      this.#at++;
      if (c === "]") return { type: "array", items };
    }
  }

  #literal(word: string, node: JsonNode): JsonNode {
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#peek() !== word[i])
        this.#fail(`in literal ${word} (expecting ${quoteChar(word[i] as string)})`);
    }
    this.#at++;
    return node;
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const c = this.#peek();
      if (c === "") this.#fail("in string literal");
      if (c === '"') break;
      if (c < " ") this.#fail("in string literal");
      this.#at++;
      if (c === "\\") this.#escape();
    }
    this.#at++;
    const value = JSON.parse(this.#text.slice(start, this.#at)) as string;
    // A lone half of a surrogate pair becomes U+FFFD, as in Go.
    return Buffer.from(value, "utf8").toString("utf8");
  }

  #escape(): void {
    const c = this.#peek();
    if (c !== "u") {
      if (c === "" || !'bfnrt\\/"'.includes(c)) this.#fail("in string escape code");
      this.#at++;
      return;
    }
    for (let i = 0; i < 4; i++) {
      this.#at++;
      if (!/^[0-9a-fA-F]$/.test(this.#peek())) this.#fail("in \\u hexadecimal character escape");
    }
    this.#at++;
  }

  #digits(context: string): void {
    if (!isDigit(this.#peek())) this.#fail(context);
    while (isDigit(this.#peek())) this.#at++;
  }

  #number(): string {
    const start = this.#at;
    if (this.#peek() === "-") this.#at++;
    if (this.#peek() === "0") this.#at++;
    else this.#digits("in numeric literal");
    if (this.#peek() === ".") {
      this.#at++;
      this.#digits("after decimal point in numeric literal");
    }
    if (this.#peek() === "e" || this.#peek() === "E") {
      this.#at++;
      if (this.#peek() === "+" || this.#peek() === "-") this.#at++;
      this.#digits("in exponent of numeric literal");
    }
    return this.#text.slice(start, this.#at);
  }
}

/** Throws JsonSyntaxError. */
export function readJson(text: string): JsonNode {
  return new Reader(text).document();
}

/** As a plain value; numbers that a JavaScript number would change become NumberLiteral. A
 *  repeated key is merged into the earlier one, as Go does when it decodes twice into the same
 *  variable. */
export function plainValue(node: JsonNode): unknown {
  switch (node.type) {
    case "object": {
      const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      for (const [key, value] of mergedMembers(node.members)) out[key] = plainValue(value);
      return out;
    }
    case "array":
      return node.items.map(plainValue);
    case "string":
      return node.value;
    case "number":
      return /^-?\d{1,15}$/.test(node.text) ? Number(node.text) : new NumberLiteral(node.text);
    case "bool":
      return node.value;
    case "null":
      return null;
  }
}

export function mergedMembers(members: { key: string; value: JsonNode }[]): Map<string, JsonNode> {
  const merged = new Map<string, JsonNode>();
  for (const { key, value } of members) merged.set(key, mergedNode(merged.get(key), value));
  return merged;
}

/** Go decodes into what is there: objects keep members that are not named again, elements of
 *  arrays likewise. */
function mergedNode(earlier: JsonNode | undefined, value: JsonNode): JsonNode {
  if (earlier?.type === "object" && value.type === "object")
    return { type: "object", members: [...earlier.members, ...value.members] };
  if (earlier?.type !== "array" || value.type !== "array") return value;
  const items = value.items.map((item, index) => mergedNode(earlier.items[index], item));
  return { type: "array", items };
}

/** As JSON.parse would give it, but with repeated keys merged. */
export function plainJson(node: JsonNode): unknown {
  switch (node.type) {
    case "object": {
      const members = [...mergedMembers(node.members)];
      return Object.fromEntries(members.map(([key, value]) => [key, plainJson(value)]));
    }
    case "array":
      return node.items.map(plainJson);
    case "number":
      return Number(node.text);
    case "null":
      return null;
    default:
      return node.value;
  }
}

/** `duplicate field "spec.containers[0].name"` for every key that an object repeats. */
export function duplicateKeys(node: JsonNode, path = ""): string[] {
  if (node.type === "array")
    return node.items.flatMap((item, index) => duplicateKeys(item, `${path}[${index}]`));
  if (node.type !== "object") return [];
  const seen = new Set<string>();
  const found: string[] = [];
  for (const { key, value } of node.members) {
    const at = path === "" ? key : `${path}.${key}`;
    if (seen.has(key)) found.push(`duplicate field ${JSON.stringify(at)}`);
    seen.add(key);
    found.push(...duplicateKeys(value, at));
  }
  return [...new Set(found)];
}

/** A number that is none for a machine, as it is written. */
export function hugeNumber(node: JsonNode): string | undefined {
  if (node.type === "number") return Number.isFinite(Number(node.text)) ? undefined : node.text;
  if (node.type !== "array" && node.type !== "object") return undefined;
  const inner = node.type === "array" ? node.items : node.members.map(({ value }) => value);
  for (const one of inner) {
    const found = hugeNumber(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
