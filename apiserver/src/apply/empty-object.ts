// What upstream's Go encoder prints of a fresh object of a type: structs are there, empty; so are
// required scalars and lists. Ownership on create is what differs from that.

import { typeFacts } from "@coracle/shared/api/facts";
import type { KubernetesObject } from "@coracle/shared/api/resources";
import { flatFields } from "./managed-type.ts";

const empties = new Map<string, KubernetesObject>();

/** Shared: not to be changed. Without kind and apiVersion. */
export function emptyObjectOf(typeName: string): KubernetesObject {
  let empty = empties.get(typeName);
  if (empty === undefined) {
    empty = zeroStruct(typeName) as unknown as KubernetesObject;
    empties.set(typeName, empty);
  }
  return empty;
}

/** Scalars in JSON, structs in Go: never empty there. */
const STRUCTS = /^(Time|MicroTime|RawExtension|Quantity|IntOrString|Duration)$/;

function zeroStruct(typeName: string): Record<string, unknown> {
  const zero: Record<string, unknown> = {};
  for (const fact of flatFields(typeName)) {
    if (fact.omitZero) continue;
    if (fact.pointer) {
      if (!fact.omitEmpty) zero[fact.name] = null;
    } else if (fact.type in typeFacts) {
      zero[fact.name] = zeroStruct(fact.type);
    } else if (!fact.omitEmpty || STRUCTS.test(fact.type)) {
      zero[fact.name] = zeroOf(fact.type);
    }
  }
  return zero;
}

function zeroOf(type: string): unknown {
  if (type === "string" || type.startsWith("enum:")) return "";
  if (type === "boolean") return false;
  if (/^(int32|int64|integer|double|IntOrString)$/.test(type)) return 0;
  if (type === "Quantity") return "0";
  if (type === "Duration") return "0s";
  return null;
}
