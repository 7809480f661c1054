// A set of fields in the very form in which managedFields carries it (FieldsV1): a tree of path
// elements, in upstream's order. A node without children is a field of the set; one with children
// is itself in the set only if it has the member `.`. So nothing is encoded or decoded on the way.
// Sets are never changed: every operation gives a new one, or one of its arguments when nothing
// differs.
import { canonicalElement, compareElements, type PathElement } from "./path-element.ts";

export interface FieldSet {
  readonly [element: PathElement]: FieldSet;
}

type Draft = { [element: PathElement]: FieldSet };

/** A field without fields below it. */
export const LEAF: FieldSet = Object.freeze({});
/** At the root, which is no field itself, no children means an empty set. */
export const EMPTY: FieldSet = LEAF;

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

const isSelf = (node: FieldSet): boolean => "." in node || isEmpty(node);

/**
 * A node for a field of the set with fields below. `children` is not empty and in order, without
 * `.`.
 */
export function selfAnd(children: FieldSet): FieldSet {
  return { ".": LEAF, ...children };
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmpty(right)) return left;
  if (isEmpty(left)) return right;
  return unionMembers(left, right);
}

function unionNodes(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right) return left;
  if (isEmpty(left)) return "." in right || isEmpty(right) ? right : selfAnd(right);
  if (isEmpty(right)) return "." in left ? left : selfAnd(left);
  return unionMembers(left, right);
}

function unionMembers(left: FieldSet, right: FieldSet): FieldSet {
  const leftElements = Object.keys(left);
  const rightElements = Object.keys(right);
  const merged: Draft = {};
  let same = true;
  let i = 0;
  let j = 0;
  while (i < leftElements.length || j < rightElements.length) {
    const a = leftElements[i];
    const b = rightElements[j];
    const order = a === undefined ? 1 : b === undefined ? -1 : compareElements(a, b);
    if (order < 0) {
      merged[a as string] = left[a as string] as FieldSet;
      i++;
    } else if (order > 0) {
      merged[b as string] = right[b as string] as FieldSet;
      same = false;
      j++;
    } else {
      const before = left[a as string] as FieldSet;
      const node = unionNodes(before, right[a as string] as FieldSet);
      if (node !== before) same = false;
      merged[a as string] = node;
      i++;
      j++;
    }
  }
  return same ? left : merged;
}

/** What is in `left` but not in `right`; a field that goes leaves the fields below it. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(right)) return left;
  return differenceNodes(left, right) ?? EMPTY;
}

function differenceNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  if (isEmpty(left)) return isSelf(right) ? undefined : left;
  return filtered(left, (element, node) => {
    if (element === ".") return isSelf(right) ? undefined : node;
    const other = right[element];
    return other === undefined ? node : differenceNodes(node, other);
  });
}

/** As `difference`, but a field that goes takes the fields below it along. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  return filtered(left, (element, node) => withoutBranch(node, right[element])) ?? EMPTY;
}

function withoutBranch(node: FieldSet, excluded: FieldSet | undefined): FieldSet | undefined {
  if (excluded === undefined) return node;
  if (isSelf(excluded)) return undefined;
  if (isEmpty(node)) return node;
  return filtered(node, (element, child) =>
    element === "." ? child : withoutBranch(child, excluded[element]),
  );
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(left) || isEmpty(right)) return EMPTY;
  return intersectNodes(left, right) ?? EMPTY;
}

function intersectNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  if (isEmpty(left)) return isSelf(right) ? left : undefined;
  return filtered(left, (element, node) => {
    if (element === ".") return isSelf(right) ? node : undefined;
    const other = right[element];
    return other === undefined ? undefined : intersectNodes(node, other);
  });
}

/**
 * Keeps what `keep` gives; undefined when nothing is left, `node` itself when everything stayed.
 */
function filtered(
  node: FieldSet,
  keep: (element: PathElement, child: FieldSet) => FieldSet | undefined,
): FieldSet | undefined {
  const kept: Draft = {};
  let count = 0;
  let same = true;
  for (const element in node) {
    const child = node[element] as FieldSet;
    const next = keep(element, child);
    if (next !== child) same = false;
    if (next === undefined) continue;
    kept[element] = next;
    count++;
  }
  if (same) return node;
  if (count === 1 && "." in kept) return LEAF;
  return count === 0 ? undefined : kept;
}

export function has(set: FieldSet, path: readonly PathElement[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node[element];
    if (node === undefined) return false;
  }
  return path.length > 0 && isSelf(node);
}

/** Whether the node is a field of the set itself. */
export const includesSelf = isSelf;

/** Whether there are fields below the node. */
export function hasBelow(node: FieldSet): boolean {
  for (const element in node) if (element !== ".") return true;
  return false;
}

/** Every field's path, in upstream's order: the fields of a level, then what lies below each. */
export function pathsOf(set: FieldSet): PathElement[][] {
  const paths: PathElement[][] = [];
  const visit = (node: FieldSet, prefix: PathElement[]): void => {
    for (const element in node) {
      if (element === ".") continue;
      if (isSelf(node[element] as FieldSet)) paths.push([...prefix, element]);
    }
    for (const element in node) {
      if (element !== ".") visit(node[element] as FieldSet, [...prefix, element]);
    }
  };
  visit(set, []);
  return paths;
}

export function setOfPaths(paths: readonly (readonly PathElement[])[]): FieldSet {
  let set = EMPTY;
  for (const path of paths) {
    let branch: FieldSet = LEAF;
    for (let i = path.length - 1; i >= 0; i--) branch = { [path[i] as string]: branch };
    set = union(set, branch);
  }
  return set;
}

/** A node with its members in order. */
export function ordered(node: Draft): FieldSet {
  const elements = Object.keys(node);
  let inOrder = true;
  for (let i = 1; i < elements.length && inOrder; i++) {
    inOrder = compareElements(elements[i - 1] as string, elements[i] as string) < 0;
  }
  if (inOrder) return node;
  const sorted: Draft = {};
  for (const element of elements.sort(compareElements)) sorted[element] = node[element] as FieldSet;
  return sorted;
}

/**
 * A client's FieldsV1 as a set: elements canonical and in order, unknown ones dropped. Throws Error
 * when malformed.
 */
export function decodeFields(fields: unknown): FieldSet {
  if (fields === undefined || fields === null) return EMPTY;
  if (typeof fields !== "object" || Array.isArray(fields)) throw new Error("expected an object");
  const set: Draft = {};
  for (const [text, child] of Object.entries(fields)) {
    if (text === ".") {
      set["."] = LEAF;
      continue;
    }
    const element = canonicalElement(text);
    if (element !== undefined) set[element] = decodeFields(child);
  }
  const elements = Object.keys(set);
  if (elements.length === 1 && elements[0] === ".") return LEAF;
  return ordered(set);
}
