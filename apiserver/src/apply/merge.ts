// A configuration laid over the live object: maps by member, lists with keys by element, everything
// else replaced.
import { isObject, type JsonObject, memberOf, setMember } from "../patch/json-members.ts";
import { elementOf } from "./list-elements.ts";
import { type ManagedType, memberType } from "./managed-type.ts";
import type { PathElement } from "./path-element.ts";
import { shapeOf } from "./typed-walk.ts";

/**
 * Shares with `live` what the configuration does not touch. An explicit null counts as nothing for
 * maps and lists.
 */
export function mergeObjects(type: ManagedType, live: JsonObject, config: JsonObject): JsonObject {
  return mergeMembers(type, live, config);
}

function mergeMembers(type: ManagedType, live: JsonObject, config: JsonObject): JsonObject {
  const merged = { ...live };
  for (const name in config) {
    const value = config[name];
    if (value === undefined) continue;
    const before = memberOf(live, name);
    const fieldType = memberType(type, name);
    const next =
      before === undefined || fieldType === undefined
        ? value
        : mergeValues(fieldType, before, value);
    setMember(merged, name, next);
  }
  return merged;
}

function mergeValues(type: ManagedType, live: unknown, config: unknown): unknown {
  if (type.kind === "scalar" || type.kind === "leaf" || type.atomic) return config;
  const shape = shapeOf(type, config);
  if (shape === "map") {
    const liveMap = isObject(live) ? live : {};
    const configMap = isObject(config) ? config : {};
    if (isVacant(configMap)) return isVacant(liveMap) ? config : live;
    return mergeMembers(type, liveMap, configMap);
  }
  if (shape !== "list") return config;
  const liveList = Array.isArray(live) ? live : [];
  const configList = Array.isArray(config) ? config : [];
  if (configList.length === 0) return liveList.length === 0 ? config : live;
  return mergeLists(type, liveList, configList);
}

function isVacant(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

interface Index {
  elements: PathElement[];
  items: Map<PathElement, unknown>;
}

/**
 * Duplicated live elements are not merged with the configuration's: they count as having no value.
 */
function index(type: ManagedType, list: readonly unknown[]): Index {
  const elements = list.map((item) => elementOf(type, item));
  const items = new Map<PathElement, unknown>();
  elements.forEach((element, i) => {
    items.set(element, items.has(element) ? null : list[i]);
  });
  return { elements, items };
}

/**
 * Elements in the order of the live list where the configuration says nothing, in the
 * configuration's where it does: both lists are run through side by side, meeting at the elements
 * they share.
 */
function mergeLists(
  type: ManagedType,
  liveList: readonly unknown[],
  configList: readonly unknown[],
): unknown[] {
  const live = index(type, liveList);
  const config = index(type, configList);
  const shared = config.elements.filter((element) => live.items.has(element));
  const taken = new Set<PathElement>();
  const merged: unknown[] = [];
  let sharedAt = 0;
  let i = 0;
  let j = 0;
  const takeConfigured = (element: PathElement): void => {
    taken.add(element);
    const value = config.items.get(element);
    const before = live.items.get(element);
    const isKnown = live.items.has(element);
    merged.push(isKnown ? mergeValues(type.element as ManagedType, before, value) : value);
  };
  while (i < live.elements.length || j < config.elements.length) {
    const liveElement = live.elements[i];
    const configElement = config.elements[j];
    if (liveElement !== undefined && configElement !== undefined) {
      if (liveElement === configElement) {
        takeConfigured(liveElement);
        i++;
        j++;
        sharedAt++;
        continue;
      }
      const next = shared[sharedAt];
      if (config.items.has(liveElement) && next !== undefined && next !== liveElement) {
        i++;
        continue;
      }
    }
    if (liveElement !== undefined) {
      if (!config.items.has(liveElement)) {
        merged.push(liveList[i]);
        i++;
        continue;
      }
      if (taken.has(liveElement)) i++;
    }
    if (configElement !== undefined) {
      takeConfigured(configElement);
      j++;
      if (shared[sharedAt] === configElement) sharedAt++;
    }
  }
  return merged;
}
