// The only create, update and delete path of every kind. What a kind adds stands in its strategy (strategy.ts).
//
// A write goes: admission (mutating) → strategy.prepare → validation → admission (validating) → compare-and-swap in the
// store. It is acknowledged when the store has it on disk.

import { isDeepStrictEqual } from "node:util";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import {
  alreadyExists,
  badRequest,
  conflict,
  type FieldError,
  invalid,
  isAlreadyExists,
  notFound,
  STALE,
  type StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { type Random, safeSuffix } from "@coracle/shared/runtime/random";
import type { AdmissionChain } from "../admission/chain.ts";
import { revertTimes } from "../apply/revert-times.ts";
import { type EncodedObject, encodeObject, encodeParts } from "../encoding/encode.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "../resources/metadata-validation.ts";
import {
  type Operation,
  type Storage,
  StorageReadOnlyError,
  type TransactionResult,
} from "../storage/storage.ts";
import { leaseFor } from "./event-lease.ts";
import { ParsedObjects } from "./parsed-objects.ts";
import { type AnyObject, keyFor, type ServedResource, servedBytes } from "./served-resource.ts";
import type { RequestContext, UpdateStrategy } from "./strategy.ts";
import type { User } from "./user.ts";

export interface Target {
  resource: ServedResource;
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
}

export interface Written {
  /** As served, resource version included. */
  bytes: Buffer;
  object: AnyObject;
  created: boolean;
  /** False when nothing changed, so that nothing was written. */
  changed: boolean;
  warnings: string[];
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
export type Deletion = { kind: "keep" } | { kind: "remove" | "write"; object: AnyObject };

const GENERATED_ATTEMPTS_MAX = 8;
const GENERATED_PREFIX_MAX = 58;
const CONFLICT_WAIT_MS = 5_000;

export interface RegistryDependencies {
  storage: Storage;
  admission: AdmissionChain;
  clock: Clock;
  random: Random;
  logger: Logger;
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
  #storageFailure: string | undefined;

  constructor({ storage, admission, clock, random, logger, frozen }: RegistryDependencies) {
    this.#storage = storage;
    this.#admission = admission;
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
    this.#parsed = new ParsedObjects({ frozen });
  }

  /** Why the store takes no writes any more; undefined = it does. */
  get storageFailure(): string | undefined {
    return this.#storageFailure;
  }

  /** One compare-and-swap. */
  async #commit(revision: number, operation: Operation): Promise<TransactionResult> {
    try {
      return await this.#storage.transaction([{ key: operation.key, revision }], [operation]);
    } catch (error) {
      if (error instanceof StorageReadOnlyError) this.#storageFailure = error.message;
      throw error;
    }
  }

  /** The object as it is now, parsed. Throws NotFound. */
  current(target: Target): Stored {
    const stored = this.find(target);
    if (stored === undefined) throw notFound(target.resource, target.name);
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
    };
    await this.#admission.admit(attributes);
    const context = this.#context(resource, request);
    const { strategy } = resource.behaviour;

    for (let attempt = 1; ; attempt++) {
      if (generated) {
        metadata.name = this.#generateName(metadata.generateName as string);
        resource.behaviour.setDefaults(object); // a default may follow from the name
      }
      strategy.prepareForCreate(object, context);
      const errors = [
        ...validateObjectMeta(metadata, resource.namespaced, resource.behaviour.validateName),
        ...strategy.validate(object, context),
      ];
      if (errors.length > 0) throw invalid(resource, metadata.name ?? "", errors);
      await this.#admission.validate(attributes);
      try {
        const bytes = await this.#insert(resource, object, request.dryRun);
        this.#logWrite("created", resource, object, request);
        const warnings = strategy.warningsOnCreate?.(object) ?? [];
        return { bytes, object, created: true, changed: true, warnings };
      } catch (error) {
        if (!generated || attempt === GENERATED_ATTEMPTS_MAX || !isAlreadyExists(error))
          throw error;
      }
    }
  }

  async #insert(resource: ServedResource, object: AnyObject, dryRun: boolean): Promise<Buffer> {
    const { namespace = "", name } = object.metadata;
    const key = keyFor(resource, namespace, name);
    const atRest = encodeObject(object);
    if (dryRun) {
      if (resource.cache.get(namespace, name) !== undefined) throw this.#exists(resource, object);
      return atRest;
    }
    const lease = await leaseFor(resource, this.#storage, this.#clock);
    const result = await this.#commit(0, { type: "put", key, value: atRest, lease, memo: object });
    if (!result.succeeded) throw this.#exists(resource, object);
    const cached = resource.cache.get(namespace, name);
    if (cached?.revision === result.revision) return cached.bytes;
    return servedBytes(resource, atRest, result.revision);
  }

  /** Upstream says so when the old object of that name is on its way out. */
  #exists(resource: ServedResource, { metadata }: AnyObject): StatusError {
    const error = alreadyExists(resource, metadata.name);
    const { namespace = "", name } = metadata;
    const existing = this.find({ resource, namespace, name, subresource: "" });
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
        if (!creatable) throw notFound(resource, name);
        return this.create(target, object, request);
      }
      checkVersion(resource, name, object, current);
      checkIdentity(resource, name, object, current.object);
      const written = await this.#replace(target, object, current, request, strategy);
      if (typeof written !== "number") return written;
      // Once more on the latest state: a resourceVersion that the client gave no longer fits then, a patch does.
      await this.#behind(resource, written);
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
    await this.#admission.validate(attributes);
    const warnings = strategy.warningsOnUpdate?.(object, old) ?? [];

    const encoded = encodeParts(object, current);
    const atRest = encoded.bytes;
    const served = (revision: number) => servedBytes(resource, atRest, revision);
    if (isFinished(object)) {
      const removed = await this.#remove(target, object, current.revision, request.dryRun);
      if (typeof removed === "number") return removed;
      const bytes = served(current.revision);
      return { bytes, object, created: false, changed: true, warnings };
    }
    if (request.dryRun || isUnchanged(object, current, atRest, resource.head.length)) {
      const bytes = served(current.revision);
      return { bytes, object, created: false, changed: false, warnings };
    }
    const key = keyFor(resource, namespace, name);
    const lease = await leaseFor(resource, this.#storage, this.#clock);
    const put = { type: "put" as const, key, value: atRest, lease, memo: object };
    const result = await this.#commit(current.revision, put);
    if (!result.succeeded) return result.revision;
    this.#logWrite("updated", resource, object, request, target.subresource);
    this.#parsed.set(key, result.revision, object, encoded);
    const cached = resource.cache.get(namespace, name);
    const bytes = cached?.revision === result.revision ? cached.bytes : served(result.revision);
    return { bytes, object, created: false, changed: true, warnings };
  }

  /**
   * Takes one object out of the store if it is still at `revision`; otherwise the store's revision is returned. The
   * `object` is what watchers are told, so its last state.
   */
  async #remove(
    { resource, namespace, name }: Target,
    object: AnyObject,
    revision: number,
    dryRun: boolean,
  ): Promise<true | number> {
    if (dryRun) return true;
    const key = keyFor(resource, namespace, name);
    const result = await this.#commit(revision, { type: "delete", key, memo: object });
    return result.succeeded ? true : result.revision;
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
      };
      await this.#admission.admit(attributes);
      await this.#admission.validate(attributes);
      const decision = decide(current);
      if (decision.kind === "keep") return { removed: false, ...current };
      const { object } = decision;
      const atRest = encodeObject(object);
      if (decision.kind === "remove") {
        const removed = await this.#remove(target, object, current.revision, request.dryRun);
        if (removed === true) {
          this.#logWrite("deleted", resource, object, request);
          return { removed: true, bytes: servedBytes(resource, atRest, current.revision), object };
        }
        await this.#behind(resource, removed);
        continue;
      }
      if (request.dryRun) {
        return {
          removed: false,
          bytes: servedBytes(resource, atRest, current.revision),
          object,
        };
      }
      const key = keyFor(resource, namespace, name);
      const put = { type: "put" as const, key, value: atRest, memo: object };
      const result = await this.#commit(current.revision, put);
      if (result.succeeded) {
        this.#logWrite("marked for deletion", resource, object, request);
        return {
          removed: false,
          bytes: servedBytes(resource, atRest, result.revision),
          object,
        };
      }
      await this.#behind(resource, result.revision);
    }
  }

  /** Waits until the cache has seen the write that came first. */
  async #behind(resource: ServedResource, revision: number): Promise<void> {
    if (await resource.cache.waitFor(revision, CONFLICT_WAIT_MS)) return;
    throw statusError("Timeout", "Timeout: the watch cache does not follow the store", {
      retryAfterSeconds: 1,
    });
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

function checkNamespace(resource: ServedResource, object: AnyObject, namespace: string): void {
  const given = object.metadata.namespace ?? "";
  if (given === "" || given === namespace) return;
  if (!resource.namespaced) return;
  throw badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}

/** Upstream: rest.FillObjectMetaSystemFields and what a create may not bring along. */
function fillSystemMetadata(
  resource: ServedResource,
  object: AnyObject,
  namespace: string,
  time: string,
  random: Random,
): void {
  const { metadata } = object;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== "") {
    throw statusError("", "resourceVersion should not be set on objects to be created");
  }
  if (resource.namespaced) metadata.namespace = namespace;
  else delete metadata.namespace;
  metadata.uid = random.uuid();
  metadata.creationTimestamp = time;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** Throws Conflict when the new object is bound to another resource version than the current one. */
function checkVersion(
  resource: ServedResource,
  name: string,
  object: AnyObject,
  current: Stored,
): void {
  const version = object.metadata.resourceVersion ?? "";
  if (version === "" || version === "0") {
    if (resource.behaviour.strategy.allowUnconditionalUpdate !== false) return;
    throw invalid(resource, name, [
      {
        ...invalidValue("metadata.resourceVersion", "", "must be specified for an update"),
        message: "Invalid value: 0: must be specified for an update",
      },
    ]);
  }
  if (!/^\d+$/.test(version)) {
    // Upstream gives the bare parse error, as a 500 without a reason.
    throw statusError("", `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`);
  }
  if (Number(version) !== current.revision) throw conflict(resource, name, STALE);
}

function checkIdentity(
  resource: ServedResource,
  name: string,
  object: AnyObject,
  old: AnyObject,
): void {
  const { metadata } = object;
  if (metadata.uid && metadata.uid !== old.metadata.uid) {
    const key = keyFor(resource, old.metadata.namespace ?? "", name);
    const failed = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`;
    const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
    throw conflict(resource, name, why);
  }
  if (!metadata.name)
    throw invalid(resource, name, [required("metadata.name", "name is required")]);
}

/** What an update leaves as it is, whatever the client sent (upstream: rest.BeforeUpdate). */
function keepSystemMetadata(object: AnyObject, old: AnyObject): void {
  const { metadata } = object;
  const before = old.metadata;
  delete metadata.selfLink;
  metadata.uid = before.uid;
  if (!metadata.creationTimestamp) metadata.creationTimestamp = before.creationTimestamp;
  if (before.generation !== undefined) metadata.generation = before.generation;
  else delete metadata.generation;
}

/** A deletion cannot be taken back: what the client or the strategy left out of it is put back. */
function keepDeletion({ metadata }: AnyObject, { metadata: before }: AnyObject): void {
  metadata.deletionTimestamp ??= before.deletionTimestamp;
  metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp === undefined) delete metadata.deletionTimestamp;
  if (metadata.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
}

/** The bytes say the same, or the same in another order. */
function isUnchanged(
  object: AnyObject,
  { object: old, bytes, revision }: Stored,
  atRest: Buffer,
  headLength: number,
): boolean {
  const version = `"resourceVersion":"${revision}",`.length;
  if (bytes.length !== atRest.length + version) return false;
  if (bytes.compare(atRest, headLength, atRest.length, headLength + version) === 0) return true;
  return isDeepStrictEqual(object, old);
}

/** Nothing holds a deleted object any longer: no finalizer, no grace period. */
export function isFinished(object: AnyObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined) return false;
  if ((finalizers?.length ?? 0) > 0) return false;
  if ((deletionGracePeriodSeconds ?? 0) > 0) return false;
  const spec = object.spec as { finalizers?: unknown[] } | undefined;
  return object.kind !== "Namespace" || (spec?.finalizers?.length ?? 0) === 0;
}
