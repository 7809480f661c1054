// An applied configuration against the schema of its type, with upstream's complaints.
import { goValueText } from "../patch/go-value-text.ts";
import { isObject, type JsonObject } from "../patch/json-members.ts";
import { ElementError, elementOf } from "./list-elements.ts";
import { type ManagedType, memberType, type ScalarKind } from "./managed-type.ts";
import { elementText } from "./path-element.ts";

/**
 * Every complaint as `<path>: <words>`; duplicates in lists with keys and in sets are complaints,
 * too.
 */
export function validateTyped(type: ManagedType, value: unknown, path = ""): string[] {
  const complaint = (words: string): string[] => [path === "" ? words : `${path}: ${words}`];
  if (value === null || value === undefined) return [];
  switch (type.kind) {
    case "leaf":
    case "deduced":
      return [];
    case "scalar": {
      const words = scalarComplaint(type.scalar, value);
      return words === undefined ? [] : complaint(words);
    }
    case "map":
      if (!isObject(value)) return complaint(`expected map, got &{${goValueText(value)}}`);
      return validateMembers(type, value, path);
    default:
      if (!Array.isArray(value)) return complaint(`expected list, got &{${goValueText(value)}}`);
      return validateItems(type, value, path);
  }
}

function scalarComplaint(kind: ScalarKind, value: unknown): string | undefined {
  const actual = typeof value;
  if (kind === "numeric" && actual !== "number") {
    return `expected numeric (int or float), got ${goKind(value)}`;
  }
  if (kind === "string" && actual !== "string") {
    return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  }
  if (kind === "boolean" && actual !== "boolean") {
    return `expected boolean, got &{${goValueText(value)}}`;
  }
  if (kind === "untyped" && actual === "object") {
    return `expected any scalar, got &{${goValueText(value)}}`;
  }
  return undefined;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : "string";
}

/** Go's `%#v`. */
function goSyntax(value: unknown): string {
  if (value === null) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (isObject(value)) {
    const members = Object.keys(value).sort();
    const texts = members.map((name) => `${JSON.stringify(name)}:${goSyntax(value[name])}`);
    return `map[string]interface {}{${texts.join(", ")}}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : goValueText(value);
}

function validateMembers(type: ManagedType, map: JsonObject, path: string): string[] {
  const complaints: string[] = [];
  for (const name of Object.keys(map).sort()) {
    const below = `${path}.${name}`;
    const fieldType = memberType(type, name);
    if (fieldType === undefined) {
      complaints.push(`${below}: field not declared in schema`);
      break;
    }
    complaints.push(...validateTyped(fieldType, map[name], below));
  }
  return complaints;
}

function validateItems(type: ManagedType, list: unknown[], path: string): string[] {
  const complaints: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < list.length; i++) {
    let step = `[${i}]`;
    if (!type.atomic) {
      try {
        const element = elementOf(type, list[i]);
        step = elementText(element);
        if (seen.has(element)) complaints.push(`${path}: duplicate entries for key ${step}`);
        seen.add(element);
      } catch (error) {
        if (!(error instanceof ElementError)) throw error;
        complaints.push(`${path}: element ${i}: ${error.message}`);
        return complaints;
      }
    }
    complaints.push(...validateTyped(type.element as ManagedType, list[i], `${path}${step}`));
  }
  return complaints;
}

/** The complaints as one text, as upstream joins them. */
export function joinComplaints(complaints: readonly string[]): string {
  if (complaints.length === 1) return complaints[0] as string;
  return ["errors:", ...complaints.map((text) => `  ${text}`)].join("\n");
}
