// Parts of objects as Go's encoding/json writes them into annotations and reads them back.
import { typeFacts } from "@coracle/shared/api/facts";
import { plainValue, readJson } from "../../encoding/json-document.ts";
import { normaliseValue, UNUSUAL } from "../../encoding/normalise.ts";

type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Go matches the names of members whatever their case. */
function renamed(value: unknown, type: string): unknown {
  if (type.startsWith("[]")) {
    return Array.isArray(value) ? value.map((item) => renamed(item, type.slice(2))) : value;
  }
  const fields = typeFacts[type]?.fields;
  if (fields === undefined || !isObject(value)) return value;
  const byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  const members: Members = {};
  for (const [key, member] of Object.entries(value)) {
    const field = byName.get(key.toLowerCase());
    if (field !== undefined) members[field.name] = renamed(member, field.type);
  }
  return members;
}

/** As the struct of that type; undefined where Go would not decode it. */
function decoded(value: unknown, typeName: string): Members | undefined {
  try {
    return normaliseValue(typeName, renamed(value, typeName), { keys: 0, tolerant: true });
  } catch (error) {
    if (error === UNUSUAL) return undefined;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Undefined where Go would not decode it. */
export function readStruct<T>(text: string, typeName: string): T | undefined {
  const value = parsed(text);
  return value === undefined ? undefined : (decoded(value, typeName) as T | undefined);
}

/** Undefined where Go would not decode it. */
export function readStructs<T>(text: string, typeName: string): T[] | undefined {
  const value = parsed(text);
  if (value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item: unknown) => decoded(item, typeName));
  return items.includes(undefined) ? undefined : (items as T[]);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

export const goJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => ESCAPES[char] as string);

/** In the order and form of the struct of that type. Throws UNUSUAL. */
export const inForm = <T>(value: unknown, typeName: string): T =>
  normaliseValue(typeName, plainValue(readJson(JSON.stringify(value))), {
    ...{ keys: 0, tolerant: true, wraps: true },
  }) as T;
