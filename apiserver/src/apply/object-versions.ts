// An object in the versions of its kind: what a manager owns is told in the version that it wrote in, and compared there.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import { diagnoseUnstructured, UnstructuredError } from "../encoding/diagnose-unstructured.ts";
import { UNUSUAL } from "../encoding/normalise.ts";
import type { JsonObject } from "../patch/json-members.ts";
import { type ManagedType, managedTypeOf } from "./managed-type.ts";

export interface OtherVersion {
  typeName: string;
  /** From the version of the request to this one; does not change its argument. */
  convert(object: KubernetesObject): unknown;
  /** The other way; does not change its argument. */
  back(object: KubernetesObject): unknown;
}

export interface ObjectVersionsOptions {
  typeName: string;
  apiVersion: string;
  otherVersions?: ReadonlyMap<string, OtherVersion>;
}

export class ObjectVersions {
  /** The version of the request. */
  readonly own: string;
  readonly #typeName: string;
  readonly #others: ReadonlyMap<string, OtherVersion> | undefined;

  constructor({ typeName, apiVersion, otherVersions }: ObjectVersionsOptions) {
    this.own = apiVersion;
    this.#typeName = typeName;
    this.#others = otherVersions;
  }

  /** undefined: this kind has no such version (any more). */
  type(apiVersion: string): ManagedType | undefined {
    if (apiVersion === this.own) return managedTypeOf(this.#typeName);
    const other = this.#others?.get(apiVersion);
    return other && managedTypeOf(other.typeName);
  }

  /** Between versions that have a type. Throws UnstructuredError for values that are not of their fields' types. */
  convert(object: JsonObject, from: string, to: string): JsonObject {
    if (from === to) return object;
    try {
      return this.#converted(object, from, to);
    } catch (error) {
      if (error !== UNUSUAL) throw error;
      const typeName = from === this.own ? this.#typeName : this.#others?.get(from)?.typeName;
      const why = diagnoseUnstructured(object, typeName ?? "").error;
      throw why === undefined ? error : new UnstructuredError(why);
    }
  }

  #converted(object: JsonObject, from: string, to: string): JsonObject {
    const source = this.#others?.get(from);
    const target = this.#others?.get(to);
    const own = from === this.own ? object : source?.back(object as unknown as KubernetesObject);
    const converted = to === this.own ? own : target?.convert(own as KubernetesObject);
    if (converted === undefined) throw new Error(`no conversion from ${from} to ${to}`);
    return withoutUndefined(converted as JsonObject);
  }
}

/** Parts of an object that is not whole stay away. */
function withoutUndefined(object: JsonObject): JsonObject {
  const present = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as JsonObject;
}
