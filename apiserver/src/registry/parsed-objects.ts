// Objects that were written a moment ago, as values: who writes an object again soon (a controller its status, a kubelet its
// node) needs no JSON.parse to begin with, and what stays the same needs no JSON.stringify. The values are shared: nobody changes
// them.
import type { EncodedObject } from "../encoding/encode.ts";
import type { AnyObject } from "./served-resource.ts";

export interface ParsedObject {
  object: AnyObject;
  /** Its bytes by member, where they are known. */
  encoded: EncodedObject | undefined;
}

interface Entry extends ParsedObject {
  revision: number;
  size: number;
}

/** Of their JSON: the values take some four times as much. */
const BYTES_MAX = 8 << 20;

export class ParsedObjects {
  readonly #entries = new Map<string, Entry>();
  readonly #frozen: boolean;
  #bytes = 0;

  /** `frozen`: for tests. A change of what is shared throws, and so does a value that is not what its bytes say. */
  constructor({ frozen = false }: { frozen?: boolean }) {
    this.#frozen = frozen;
  }

  /** `bytes` are served ones: with the resource version as metadata's first member. */
  get(key: string, revision: number, bytes: Buffer): ParsedObject {
    const known = this.#entries.get(key);
    if (known?.revision === revision) return known;
    const object = JSON.parse(bytes.toString()) as AnyObject;
    object.metadata = versioned(object.metadata, revision);
    if (this.#frozen) deepFreeze(object);
    return { object, encoded: undefined };
  }

  /** `object` was stored as `encoded` at `revision`. */
  set(key: string, revision: number, object: AnyObject, encoded: EncodedObject): void {
    const value: AnyObject = { ...object, metadata: versioned(object.metadata, revision) };
    if (this.#frozen) this.#check(value, encoded);
    this.delete(key);
    const size = encoded.bytes.length;
    this.#entries.set(key, { object: value, encoded, revision, size });
    this.#bytes += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= BYTES_MAX) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= known.size;
  }

  #check(object: AnyObject, encoded: EncodedObject): void {
    const stored = JSON.parse(encoded.bytes.toString()) as AnyObject;
    const { resourceVersion: _, ...metadata } = object.metadata;
    if (!isSameValue({ ...object, metadata }, stored)) {
      throw new Error(`the value is not what is stored: ${JSON.stringify(stored)}`);
    }
    deepFreeze(object);
  }
}

/** Member by member, one that is undefined counts; a zero has no sign in what is stored. */
function isSameValue(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || one === null) return one === other;
  if (typeof other !== "object" || other === null || Array.isArray(one) !== Array.isArray(other)) {
    return false;
  }
  const [ones, others] = [Object.entries(one), new Map(Object.entries(other))];
  return (
    ones.length === others.size &&
    ones.every(([name, value]) => others.has(name) && isSameValue(value, others.get(name)))
  );
}

const BEFORE_VERSION = new Set(["name", "generateName", "namespace", "selfLink", "uid"]);

/** With the resource version where upstream prints it, in the texts of errors for example. */
function versioned(metadata: AnyObject["metadata"], revision: number): AnyObject["metadata"] {
  const out: Record<string, unknown> = {};
  let placed = false;
  for (const [name, value] of Object.entries(metadata)) {
    if (name === "resourceVersion") continue;
    if (!placed && !BEFORE_VERSION.has(name)) {
      out.resourceVersion = String(revision);
      placed = true;
    }
    out[name] = value;
  }
  if (!placed) out.resourceVersion = String(revision);
  return out as unknown as AnyObject["metadata"];
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
