// Values as Go's `%v` prints them: upstream's patch errors quote documents this way.
import { isObject } from "./json-members.ts";

/** `map[a:1 b:[x y]]`, members sorted; null is `<nil>`. */
export function goValueText(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goValueText).join(" ")}]`;
  if (isObject(value)) {
    const members = Object.keys(value).sort(compareCodePoints);
    return `map[${members.map((name) => `${name}:${goValueText(value[name])}`).join(" ")}]`;
  }
  return typeof value === "number" ? goNumberText(value) : String(value);
}

/** Shortest form; an exponent has two digits at least, and is used from 1e+21 up and below 1e-4. */
function goNumberText(value: number): string {
  if (Number.isInteger(value)) {
    return Math.abs(value) < 1e21 ? String(value) : twoDigitExponent(String(value));
  }
  const text = Math.abs(value) < 1e-4 ? value.toExponential() : String(value);
  return twoDigitExponent(text);
}

const twoDigitExponent = (text: string): string => text.replace(/e([+-])(\d)$/, "e$10$2");

/** The type's name in Go, as `%s` of reflect.TypeOf prints it. */
export function goTypeName(value: unknown): string {
  if (value === null || value === undefined) return "%!s(<nil>)";
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

/** Go's `%s` of a JSON value: only strings print plainly. */
export function goStringVerb(value: unknown): string {
  if (typeof value === "string" || isObject(value) || Array.isArray(value)) {
    return goValueText(value);
  }
  if (value === null) return "%!s(<nil>)";
  return `%!s(${goTypeName(value)}=${goValueText(value)})`;
}

function compareCodePoints(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
