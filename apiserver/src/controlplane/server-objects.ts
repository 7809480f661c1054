// Objects that the server keeps on its own account, written on the path of every write: admission, validation, field
// ownership (upstream: the loopback client of the API server's controllers).
import type { Draft, KubernetesObject } from "@coracle/shared/api/resources";
import { isAlreadyExists, isNotFound } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { ownershipLimits } from "../apply/reset-fields.ts";
import type { Registry } from "../registry/registry.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import { serverUser } from "../registry/user.ts";

const MANAGER = "kube-apiserver";
const REQUEST = { user: serverUser, dryRun: false };

export interface ObjectName {
  namespace: string;
  name: string;
}

/** Of one kind. */
export class ServerObjects<T extends KubernetesObject> {
  readonly #registry: Registry;
  readonly #resource: ServedResource;
  readonly #clock: Clock;

  constructor(registry: Registry, resource: ServedResource, clock: Clock) {
    this.#registry = registry;
    this.#resource = resource;
    this.#clock = clock;
  }

  /** Shared: not to be changed. */
  find(at: ObjectName): T | undefined {
    return this.#registry.find(this.#target(at))?.object as unknown as T | undefined;
  }

  /** All of a namespace that have the label. Shared: not to be changed. */
  withLabel(namespace: string, key: string, value: string): T[] {
    const { items } = this.#resource.cache.list({
      namespace,
      predicate: ({ labels }) => labels?.[key] === value,
    });
    return items.map(({ bytes }) => JSON.parse(bytes.toString()) as T);
  }

  /** Undefined: somebody else has made one before. */
  async create(at: ObjectName, wanted: Draft<T>): Promise<T | undefined> {
    const object = this.#complete(wanted);
    this.#own(undefined, object);
    try {
      const written = await this.#registry.create(this.#target(at), object, REQUEST);
      return written.object as unknown as T;
    } catch (error) {
      if (isAlreadyExists(error)) return undefined;
      throw error;
    }
  }

  /** `change` makes the new object from the latest one, which it leaves as it is. Throws NotFound. */
  async update(at: ObjectName, change: (current: T) => Draft<T>): Promise<T> {
    const target = this.#target(at);
    const written = await this.#registry.update(
      target,
      (stored) => {
        const { object: live, revision } = stored ?? this.#registry.current(target);
        const object = this.#complete(change(live as unknown as T));
        object.metadata.resourceVersion = String(revision);
        this.#own(live, object);
        return object;
      },
      REQUEST,
    );
    return written.object as unknown as T;
  }

  /** If `isDue` still says so of the latest one. That there is none is no error. */
  async delete(at: ObjectName, isDue: (current: T) => boolean = () => true): Promise<void> {
    try {
      await this.#registry.delete(
        this.#target(at),
        ({ object }) =>
          isDue(object as unknown as T) ? { kind: "remove", object } : { kind: "keep" },
        REQUEST,
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #target(at: ObjectName) {
    return { resource: this.#resource, ...at, subresource: "" };
  }

  #complete(wanted: Draft<T>): AnyObject {
    const { kind, apiVersion, behaviour } = this.#resource;
    // A copy without the members that are undefined: stored objects have none.
    const object = JSON.parse(JSON.stringify({ ...wanted, kind, apiVersion })) as AnyObject;
    behaviour.setDefaults(object);
    return object;
  }

  #own(live: AnyObject | undefined, object: AnyObject): void {
    const { typeName, apiVersion, group, resource, otherVersions } = this.#resource;
    updateManagedFields(live, object, {
      typeName,
      apiVersion,
      otherVersions,
      manager: MANAGER,
      time: formatTime(this.#clock.now()),
      ...ownershipLimits(group, resource, ""),
    });
  }
}
