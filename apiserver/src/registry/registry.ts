// The only create, update and delete path of every kind. What a kind adds stands in its strategy (strategy.ts).
//
// A write goes: admission (mutating) → strategy.prepare → validation → admission (validating) → compare-and-swap in the
// store. It is acknowledged when the store has it on disk.

import {
  alreadyExists,
  type FieldError,
  type GroupResource,
  invalid,
  isAlreadyExists,
  notFound,
  type StatusError,
} from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { type Random, safeSuffix } from "@coracle/shared/runtime/random";
import type { AdmissionChain } from "../admission/chain.ts";
import { revertTimes } from "../apply/revert-times.ts";
import { type EncodedObject, encodeObject, encodeParts } from "../encoding/encode.ts";
import { validateObjectMetaUpdate } from "../resources/metadata-validation.ts";
import {
  type Compare,
  type Operation,
  type Storage,
  StorageReadOnlyError,
  type TransactionResult,
} from "../storage/storage.ts";
import { cacheReaches } from "./cache-reaches.ts";
import { type Change, type CompanionsOf, noCompanions } from "./companions.ts";
import { leaseFor } from "./event-lease.ts";
import { ParsedObjects } from "./parsed-objects.ts";
import { type AnyObject, keyFor, type ServedResource, servedBytes } from "./served-resource.ts";
import type { RequestContext, UpdateStrategy } from "./strategy.ts";
import type { User } from "./user.ts";
import {
  checkName,
  checkNamespace,
  checkNoVersion,
  checkUid,
  checkVersion,
  fillSystemMetadata,
  findingsOnCreate,
  isFinished,
  isUnchanged,
  keepDeletion,
  keepSystemMetadata,
  named,
  notGenerated,
} from "./write-rules.ts";

export interface Target {
  resource: ServedResource;
  /** The resource that the request names, where that is another version in another group: errors name it. */
  asked?: GroupResource;
  /** "" for cluster scope. */
  namespace: string;
  name: string;
  subresource: string;
}

export interface WriteRequest {
  user: User;
  dryRun: boolean;
  /** The version that the client wrote in; default the stored one. */
  apiVersion?: string;
  /** The object is whole, not a patched one: a uid in it is a precondition. */
  isReplacement?: boolean;
  /** Texts of `Warning` headers are added to it, even when the write is refused later. */
  warnings?: string[];
}

export interface Written {
  /** As served, resource version included. */
  bytes: Buffer;
  object: AnyObject;
  created: boolean;
  /** False when nothing changed, so that nothing was written. */
  changed: boolean;
}

/** The current state of one object. Shared: nobody changes it. */
export interface Stored {
  object: AnyObject;
  bytes: Buffer;
  revision: number;
  encoded?: EncodedObject;
}

/** Makes the new object from the current one; called again when another writer came first. Never changes `current`. */
export type Transform = (current: Stored | undefined) => AnyObject | Promise<AnyObject>;

/** What becomes of an object that is to be deleted. */
export type Deletion =
  | { kind: "keep" }
  | { kind: "remove" | "write" | "mark and remove"; object: AnyObject };

const GENERATED_ATTEMPTS_MAX = 8;
const GENERATED_PREFIX_MAX = 58;

const keyOf = ({ resource, namespace, name }: Target): string => keyFor(resource, namespace, name);

export interface RegistryDependencies {
  storage: Storage;
  admission: AdmissionChain;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** What is written along with some objects. */
  companions?: CompanionsOf;
  /** For tests: whoever changes a stored object, which is shared, gets an error. */
  frozen?: boolean;
}

export class Registry {
  readonly #storage: Storage;
  readonly #admission: AdmissionChain;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #parsed: ParsedObjects;
  readonly #companions: CompanionsOf;
  #storageFailure: string | undefined;

  constructor(dependencies: RegistryDependencies) {
    const { storage, admission, clock, random, logger, frozen } = dependencies;
    this.#storage = storage;
    this.#admission = admission;
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
    this.#parsed = new ParsedObjects({ frozen });
    this.#companions = dependencies.companions ?? noCompanions;
  }

  /** Why the store takes no writes any more; undefined = it does. */
  get storageFailure(): string | undefined {
    return this.#storageFailure;
  }

  /** One compare-and-swap, together with what the change brings along. */
  async #commit(
    revision: number,
    operation: Operation,
    change: Change,
  ): Promise<TransactionResult> {
    const compare = { key: operation.key, revision };
    for (;;) {
      const along = this.#companions(change);
      if (along === undefined) return this.#transaction([compare], [operation]);
      const compares = [compare, ...along.compares];
      const result = await this.#transaction(compares, [operation, ...along.operations]);
      const isOwn = !result.succeeded && (result.current[0]?.revision ?? 0) !== revision;
      if (result.succeeded || isOwn) return result;
      for (const cache of along.caches) await cacheReaches(cache, result.revision);
    }
  }

  async #transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): Promise<TransactionResult> {
    try {
      return await this.#storage.transaction(compares, operations);
    } catch (error) {
      if (error instanceof StorageReadOnlyError) this.#storageFailure = error.message;
      throw error;
    }
  }

  /** The object as it is now, parsed. Throws NotFound. */
  current(target: Target): Stored {
    const stored = this.find(target);
    if (stored === undefined) throw notFound(named(target), target.name);
    return stored;
  }

  find({ resource, namespace, name }: Target): Stored | undefined {
    const cached = resource.cache.get(namespace, name);
    if (cached === undefined) return undefined;
    const { bytes, revision } = cached;
    return { ...this.#parsed.get(cached.key, revision, bytes), bytes, revision };
  }

  async create(target: Target, object: AnyObject, request: WriteRequest): Promise<Written> {
    const { resource, namespace } = target;
    checkNamespace(resource, object, namespace);
    const { metadata } = object;
    const generated = !metadata.name && Boolean(metadata.generateName);
    fillSystemMetadata(resource, object, namespace, formatTime(this.#clock.now()), this.#random);
    const attributes = {
      operation: "CREATE" as const,
      resource,
      subresource: "",
      namespace,
      name: metadata.name ?? "",
      object,
      user: request.user,
      dryRun: request.dryRun,
      warnings: request.warnings ?? [],
    };
    await this.#admission.admit(attributes);
    const context = this.#context(resource, request);
    const { strategy } = resource.behaviour;

    for (let attempt = 1; ; attempt++) {
      if (generated) {
        const prefix = metadata.generateName as string;
        const isWhole = resource.behaviour.namedByGenerateName === true;
        metadata.name = isWhole ? prefix : this.#generateName(prefix);
        resource.behaviour.setDefaults(object); // a default may follow from the name
      }
      strategy.prepareForCreate(object, context);
      const errors = findingsOnCreate(resource, object, context);
      if (errors.length > 0) throw invalid(resource, metadata.name ?? "", errors);
      strategy.canonicalize?.(object);
      attributes.name = metadata.name;
      attributes.warnings.push(...(strategy.warningsOnCreate?.(object) ?? []));
      await this.#admission.validate(attributes);
      try {
        const bytes = await this.#insert(target, object, request.dryRun);
        this.#logWrite("created", resource, object, request);
        return { bytes, object, created: true, changed: true };
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        if (!generated || attempt === GENERATED_ATTEMPTS_MAX)
          throw metadata.generateName ? notGenerated(error) : error;
      }
    }
  }

  async #insert(target: Target, object: AnyObject, dryRun: boolean): Promise<Buffer> {
    const { resource } = target;
    const { namespace = "", name } = object.metadata;
    const key = keyFor(resource, namespace, name);
    const encoded = encodeParts(object);
    const atRest = encoded.bytes;
    if (dryRun) {
      if (resource.cache.get(namespace, name) !== undefined) throw this.#exists(target, object);
      return atRest;
    }
    checkNoVersion(object);
    const lease = await leaseFor(resource, this.#storage, this.#clock);
    const put = { type: "put" as const, key, value: atRest, lease, memo: object };
    const result = await this.#commit(0, put, { resource, after: object });
    if (!result.succeeded) throw this.#exists(target, object);
    // What expires (an event) is hardly ever written again.
    if (lease === undefined) this.#parsed.set(key, result.revision, object, encoded);
    const cached = resource.cache.get(namespace, name);
    if (cached?.revision === result.revision) return cached.bytes;
    return servedBytes(resource, atRest, result.revision);
  }

  /** Upstream says so when the old object of that name is on its way out. */
  #exists(target: Target, { metadata }: AnyObject): StatusError {
    const error = alreadyExists(named(target), metadata.name);
    const { namespace = "", name } = metadata;
    const existing = this.find({ ...target, namespace, name, subresource: "" });
    if (existing?.object.metadata.deletionTimestamp !== undefined) {
      error.status.message = `object is being deleted: ${error.status.message}`;
    }
    return error;
  }

  #generateName(prefix: string): string {
    return prefix.slice(0, GENERATED_PREFIX_MAX) + safeSuffix(this.#random);
  }

  /**
   * Replaces one object. A resourceVersion in the new object is a precondition; without one the write is retried on the
   * latest state when another writer came first. Throws NotFound, Conflict, Invalid and what admission throws.
   */
  async update(
    target: Target,
    transform: Transform,
    request: WriteRequest,
    strategy: UpdateStrategy<AnyObject> = target.resource.behaviour.strategy,
  ): Promise<Written> {
    const { resource, name } = target;
    for (;;) {
      const current = this.find(target);
      const object = await transform(current);
      if (current === undefined) {
        const creatable =
          resource.behaviour.strategy.allowCreateOnUpdate === true && target.subresource === "";
        if (!creatable) throw notFound(named(target), name);
        object.metadata.resourceVersion = ""; // there is nothing that it could be compared with
        return this.create(target, object, request);
      }
      if (request.isReplacement === true) checkUid(target, object, current.object);
      checkVersion(target, object, current);
      checkName(target, object);
      const written = await this.#replace(target, object, current, request, strategy);
      if (typeof written !== "number") return written;
      // Once more on the latest state: a resourceVersion that the client gave no longer fits then, a patch does.
      await cacheReaches(resource.cache, written);
    }
  }

  /** One attempt; the revision of the writer that came first when there was one. */
  async #replace(
    target: Target,
    object: AnyObject,
    current: Stored,
    request: WriteRequest,
    strategy: UpdateStrategy<AnyObject>,
  ): Promise<Written | number> {
    const { resource, namespace, name } = target;
    const old = current.object;
    const context = this.#context(resource, request);
    keepSystemMetadata(object, old);
    object.metadata.resourceVersion = String(current.revision);
    const attributes = {
      operation: "UPDATE" as const,
      resource,
      subresource: target.subresource,
      namespace,
      name,
      object,
      old,
      user: request.user,
      dryRun: request.dryRun,
      warnings: request.warnings ?? [],
    };
    await this.#admission.admit(attributes);
    strategy.prepareForUpdate(object, old, context);
    keepDeletion(object, old);
    revertTimes(old, object);
    const errors: FieldError[] = [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...strategy.validateUpdate(object, old, context),
    ];
    if (errors.length > 0) throw invalid(resource, name, errors);
    attributes.warnings.push(...(strategy.warningsOnUpdate?.(object, old) ?? []));
    await this.#admission.validate(attributes);

    const encoded = encodeParts(object, current);
    const atRest = encoded.bytes;
    const served = (revision: number) => servedBytes(resource, atRest, revision);
    if (isFinished(object)) {
      if (!request.dryRun) {
        const removed = await this.#remove(target, object, current.revision);
        if (!removed.succeeded) return removed.revision;
      }
      const bytes = served(current.revision);
      return { bytes, object, created: false, changed: true };
    }
    if (request.dryRun || isUnchanged(object, current, atRest, resource.head.length)) {
      const bytes = served(current.revision);
      return { bytes, object, created: false, changed: false };
    }
    const key = keyFor(resource, namespace, name);
    const lease = await leaseFor(resource, this.#storage, this.#clock);
    const put = { type: "put" as const, key, value: atRest, lease, memo: object };
    const change = { resource, before: old, after: object };
    const result = await this.#commit(current.revision, put, change);
    if (!result.succeeded) return result.revision;
    this.#logWrite("updated", resource, object, request, target.subresource);
    this.#parsed.set(key, result.revision, object, encoded);
    const cached = resource.cache.get(namespace, name);
    const bytes = cached?.revision === result.revision ? cached.bytes : served(result.revision);
    return { bytes, object, created: false, changed: true };
  }

  /** Takes one object out of the store if it is still at `revision`. The `object` is its last state, for watchers. */
  async #remove(target: Target, object: AnyObject, revision: number): Promise<TransactionResult> {
    const change = { resource: target.resource, before: object };
    const key = keyOf(target);
    const result = await this.#commit(revision, { type: "delete", key, memo: object }, change);
    if (result.succeeded) this.#parsed.delete(key);
    return result;
  }

  /**
   * Does what `decide` says of the current state: takes the object away or writes its new state (a grace period, a
   * finalizer), or neither ("keep"). Retries when another writer came first.
   */
  async delete(
    target: Target,
    decide: (current: Stored) => Deletion,
    request: WriteRequest,
  ): Promise<{ removed: boolean; bytes: Buffer; object: AnyObject }> {
    const { resource, namespace, name } = target;
    for (;;) {
      const current = this.current(target);
      const attributes = {
        operation: "DELETE" as const,
        resource,
        subresource: "",
        namespace,
        name,
        old: current.object,
        user: request.user,
        dryRun: request.dryRun,
        warnings: request.warnings ?? [],
      };
      await this.#admission.admit(attributes);
      await this.#admission.validate(attributes);
      const decision = decide(current);
      if (decision.kind === "keep") return { removed: false, ...current };
      const { object } = decision;
      const atRest = encodeObject(object);
      const removed = decision.kind !== "write";
      let { revision } = current;
      if (!request.dryRun) {
        let result: TransactionResult | undefined;
        if (decision.kind !== "remove") {
          const put = { type: "put" as const, key: keyOf(target), value: atRest, memo: object };
          const change = { resource, before: current.object, after: object };
          result = await this.#commit(revision, put, change);
          revision = result.revision;
        }
        if (removed && result?.succeeded !== false) {
          result = await this.#remove(target, object, revision);
          revision = result.revision;
        }
        if (result?.succeeded === false) {
          await cacheReaches(resource.cache, revision);
          continue;
        }
        this.#logWrite(removed ? "deleted" : "marked for deletion", resource, object, request);
      }
      return { removed, bytes: servedBytes(resource, atRest, revision), object };
    }
  }

  #context({ apiVersion }: ServedResource, request: WriteRequest): RequestContext {
    return {
      now: this.#clock.now(),
      user: request.user,
      apiVersion: request.apiVersion ?? apiVersion,
    };
  }

  /** Steps 1 and 2 of the path: who wrote what. Heartbeats and events would drown it, so they are debug. */
  #logWrite(
    what: string,
    resource: ServedResource,
    object: AnyObject,
    request: WriteRequest,
    subresource = "",
  ): void {
    if (request.dryRun) return;
    const quiet =
      resource.kind === "Lease" || resource.kind === "Event" || subresource === "status";
    const level = quiet ? "debug" : "info";
    if (!this.#logger.isLevelEnabled(level)) return;
    const { namespace, name } = object.metadata;
    const fields = {
      object: `${resource.kind.toLowerCase()} ${namespace ? `${namespace}/` : ""}${name}`,
      user: request.user.name,
      ...(subresource === "" ? {} : { subresource }),
    };
    this.#logger[level](fields, what);
  }
}
