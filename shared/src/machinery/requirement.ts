// One requirement of a label selector (`a=b`, `e in (x,y)`, `!f`) and a selector as a list of them, with upstream's error
// texts (apimachinery pkg/labels).
import { isQualifiedName, isValidLabelValue } from "./names.ts";

export type SelectorOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>> | undefined;

/** The message is upstream's. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

export interface Selector {
  /** All of them must hold. */
  readonly requirements: readonly Requirement[];
  matches(labels: Labels): boolean;
  /** Selects everything. */
  isEmpty(): boolean;
  toString(): string;
}

class RequirementSelector implements Selector {
  readonly requirements: readonly Requirement[];

  constructor(requirements: readonly Requirement[]) {
    this.requirements = requirements;
  }

  matches(labels: Labels): boolean {
    for (const requirement of this.requirements) {
      if (!requirementMatches(requirement, labels)) return false;
    }
    return true;
  }

  isEmpty(): boolean {
    return this.requirements.length === 0;
  }

  toString(): string {
    return this.requirements.map(requirementText).join(",");
  }
}

export const everything: Selector = new RequirementSelector([]);

/** What an absent LabelSelector selects. */
export const nothing: Selector = {
  requirements: [],
  matches: () => false,
  isEmpty: () => false,
  toString: () => "",
};

export function requirementMatches(requirement: Requirement, labels: Labels): boolean {
  const { key, operator, values } = requirement;
  const has = labels !== undefined && Object.hasOwn(labels, key);
  const value = has ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return has;
    case "!":
      return !has;
    case "gt":
    case "lt": {
      const left = int64(value);
      const right = int64(values[0]);
      if (left === undefined || right === undefined) return false;
      return operator === "gt" ? left > right : left < right;
    }
  }
}

function int64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?[0-9]+$/.test(text)) return undefined;
  const number = BigInt(text.replace(/^\+/, ""));
  return BigInt.asIntN(64, number) === number ? number : undefined;
}

function requirementText({ key, operator, values }: Requirement): string {
  const list = values.length > 1 ? [...values].sort().join(",") : (values[0] ?? "");
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${list})`;
    case "gt":
      return `${key}>${list}`;
    case "lt":
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}

const invalid = (path: string, value: string | readonly string[], detail: string): string =>
  `${path}: Invalid value: ${JSON.stringify(value)}: ${detail}`;

/** Throws SelectorError with every finding. */
export function newRequirement(
  key: string,
  operator: SelectorOperator,
  values: readonly string[],
): Requirement {
  const findings: string[] = [];
  const keyFindings = isQualifiedName(key);
  if (keyFindings.length > 0) findings.push(invalid("key", key, keyFindings.join("; ")));
  const wrong = (detail: string) => findings.push(invalid("values", values, detail));
  switch (operator) {
    case "in":
    case "notin":
      if (values.length === 0) wrong("for 'in', 'notin' operators, values set can't be empty");
      break;
    case "=":
    case "==":
    case "!=":
      if (values.length !== 1) wrong("exact-match compatibility requires one single value");
      break;
    case "exists":
    case "!":
      if (values.length !== 0) wrong("values set must be empty for exists and does not exist");
      break;
    case "gt":
    case "lt":
      if (values.length !== 1) wrong("for 'Gt', 'Lt' operators, exactly one value is required");
      values.forEach((value, i) => {
        if (int64(value) !== undefined) return;
        const detail = "for 'Gt', 'Lt' operators, the value must be an integer";
        findings.push(invalid(`values[${i}]`, value, detail));
      });
  }
  values.forEach((value, i) => {
    const messages = isValidLabelValue(value);
    if (messages.length > 0) {
      findings.push(invalid(`values[${i}][${key}]`, value, messages.join("; ")));
    }
  });
  if (findings.length > 0) {
    const distinct = [...new Set(findings)];
    throw new SelectorError(
      distinct.length === 1 ? (distinct[0] as string) : `[${distinct.join(", ")}]`,
    );
  }
  return { key, operator, values };
}

const byKey = (a: Requirement, b: Requirement): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

export function selectorOfRequirements(requirements: readonly Requirement[]): Selector {
  return requirements.length === 0
    ? everything
    : new RequirementSelector([...requirements].sort(byKey));
}

/** Labels that must all be there with these values; an empty set selects everything. Nothing is validated. */
export function selectorOfLabels(labels: Labels): Selector {
  return selectorOfRequirements(
    Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] })),
  );
}
