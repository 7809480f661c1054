// One step of a path to a field, as FieldsV1 spells it: `f:name` a member, `k:{"name":"c"}` the
// element of a list with these keys, `v:"x"` the element of a set, `i:0` the element at an index.
// Texts are canonical: equal steps are equal texts.
import { goValueText } from "../patch/go-value-text.ts";

export type PathElement = string;

const names = new Map<string, PathElement>();
const NAMES_MAX = 10_000;
/** Longer ones are not kept: there may be as many as there are clients' ideas. */
const KEPT_LENGTH_MAX = 256;

/** `f:<name>`, the same string each time: it serves as a property name. */
export function fieldElement(name: string): PathElement {
  let element = names.get(name);
  if (element === undefined) {
    element = `f:${name}`;
    if (name.length > KEPT_LENGTH_MAX) return element;
    if (names.size >= NAMES_MAX) names.clear();
    names.set(name, element);
  }
  return element;
}

/** `keys` alphabetical; a key without a value is left out. undefined when no key has one. */
export function keyElement(keys: readonly string[], values: unknown[]): PathElement | undefined {
  let text = "";
  for (let i = 0; i < keys.length; i++) {
    if (values[i] === undefined) continue;
    text += `${text === "" ? "" : ","}"${keys[i]}":${valueText(values[i])}`;
  }
  return text === "" ? undefined : `k:{${text}}`;
}

export function valueElement(value: unknown): PathElement {
  return `v:${valueText(value)}`;
}

const PLAIN = /^[\w./:\- ]*$/;

/** JSON with the characters escaped that Go's encoder escapes for HTML's sake. */
function valueText(value: unknown): string {
  if (typeof value === "string" && PLAIN.test(value)) return `"${value}"`;
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What a `k:` or `v:` stands for. */
type Parsed = readonly (readonly [name: string, value: unknown])[];

const parsedElements = new Map<PathElement, Parsed>();
const PARSED_MAX = 5_000;

/** A `v:` is one unnamed value. Throws SyntaxError when the text is not JSON. */
function parse(element: PathElement): Parsed {
  let parsed = parsedElements.get(element);
  if (parsed === undefined) {
    const value: unknown = JSON.parse(element.slice(2));
    parsed = element.startsWith("k:")
      ? Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))
      : [["", value]];
    if (element.length > KEPT_LENGTH_MAX) return parsed;
    if (parsedElements.size >= PARSED_MAX) parsedElements.clear();
    parsedElements.set(element, parsed);
  }
  return parsed;
}

const RANKS: Readonly<Record<string, number>> = { ".": 0, f: 1, k: 2, v: 3, i: 4 };

/**
 * Upstream's order: fields, keys, values, indexes; numbers by size, texts by characters. `.` comes
 * first.
 */
export function compareElements(left: PathElement, right: PathElement): number {
  if (left === right) return 0;
  const kind = left[0] as string;
  if (kind !== right[0]) return (RANKS[kind] ?? 0) - (RANKS[right[0] as string] ?? 0);
  if (kind === "f") return left < right ? -1 : 1;
  if (kind === "i") return Number(left.slice(2)) - Number(right.slice(2));
  return compareParsed(parse(left), parse(right));
}

function compareParsed(left: Parsed, right: Parsed): number {
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftName, leftValue] = left[i] as Parsed[number];
    const [rightName, rightValue] = right[i] as Parsed[number];
    if (leftName !== rightName) return leftName < rightName ? -1 : 1;
    const order = compareScalars(leftValue, rightValue);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Numbers before strings before booleans before null. */
function compareScalars(left: unknown, right: unknown): number {
  if (left === right) return 0;
  const rank = (x: unknown) =>
    typeof x === "number" ? 0 : typeof x === "string" ? 1 : typeof x === "boolean" ? 2 : 3;
  if (rank(left) !== rank(right)) return rank(left) - rank(right);
  return (left as string) < (right as string) ? -1 : 1;
}

/**
 * A client's spelling of an element in the canonical one; undefined for a kind that upstream skips.
 * Throws Error when it is malformed.
 */
export function canonicalElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new Error("key must be 2 characters long:");
  if (text[1] !== ":") throw new Error(`missing colon: ${text}`);
  switch (text[0]) {
    case "f":
      return fieldElement(text.slice(2));
    case "v":
      return valueElement(JSON.parse(text.slice(2)));
    case "k": {
      const fields = parse(text);
      const names = fields.map(([name]) => name);
      return (
        keyElement(
          names,
          fields.map(([, value]) => value),
        ) ?? "k:{}"
      );
    }
    case "i":
      if (!/^[+-]?\d+$/.test(text.slice(2))) throw new Error(`invalid index: ${text}`);
      return `i:${Number(text.slice(2))}`;
    default:
      return undefined;
  }
}

/** As errors print it: `.name`, `[name="c"]`, `[="x"]`, `[0]`. */
export function elementText(element: PathElement): string {
  switch (element[0]) {
    case "f":
      return `.${element.slice(2)}`;
    case "k":
      return `[${parse(element)
        .map(([name, value]) => `${name}=${quoted(value)}`)
        .join(",")}]`;
    case "v":
      return `[=${quoted(parse(element)[0]?.[1])}]`;
    default:
      return `[${element.slice(2)}]`;
  }
}

export function pathText(path: readonly PathElement[]): string {
  return path.map(elementText).join("");
}

const quoted = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : goValueText(value);
