// What the parts of the contract suite work with: the store under test and short words for its use.
import type { Storage, StorageEvent, TransactionResult, Watch } from "../storage.ts";

export interface StorageUnderTest {
  storage: Storage;
  /** Closes the store and opens it again over the same data; `storage` is the new one. */
  restart(): Promise<void>;
  /** Lets time pass for the engine. */
  pass(ms: number): Promise<void>;
  /** Closes the store and removes its data. */
  remove(): Promise<void>;
}

export interface EngineTraits {
  /** Watchers run before a writer's promise resolves, and see its memo. */
  inProcess: boolean;
  /** The keys of a lease go in one revision, not in one each. */
  leaseEndsInOneRevision: boolean;
}

/** What a watch has delivered so far. */
export interface Recording {
  events: StorageEvent[];
  errors: Error[];
  watch: Watch;
  /** The revision that the watch has reached. */
  revision(): number;
}

export interface Contract {
  traits: EngineTraits;
  store(): Storage;
  /** Unconditional; returns the revision. */
  put(key: string, value: string, lease?: number): Promise<number>;
  /** Only if the key does not exist. */
  create(key: string, value: string): Promise<TransactionResult>;
  remove(key: string): Promise<number>;
  read(key: string, revision?: number): Promise<string | undefined>;
  /** `key=value`, in order. */
  list(prefix: string, revision?: number): Promise<string[]>;
  record(prefix: string, startRevision: number): Recording;
  restart(): Promise<void>;
  pass(ms: number): Promise<void>;
}

export function contractOver(subject: () => StorageUnderTest, traits: EngineTraits): Contract {
  const store = () => subject().storage;
  return {
    traits,
    store,
    async put(key, value, lease) {
      const put = { type: "put" as const, key, value: Buffer.from(value), lease };
      return (await store().transaction([], [put])).revision;
    },
    create(key, value) {
      const put = { type: "put" as const, key, value: Buffer.from(value) };
      return store().transaction([{ key, revision: 0 }], [put]);
    },
    async remove(key) {
      return (await store().transaction([], [{ type: "delete", key }])).revision;
    },
    async read(key, revision) {
      return (await store().get(key, { revision }))?.value.toString();
    },
    async list(prefix, revision) {
      const { items } = await store().range({ prefix, revision });
      return items.map(({ key, value }) => `${key}=${value.toString()}`);
    },
    record: (prefix, startRevision) => record(store(), prefix, startRevision),
    restart: () => subject().restart(),
    pass: (ms) => subject().pass(ms),
  };
}

export function brief(event: StorageEvent): string {
  if (event.type === "delete") return `delete ${event.key} at ${event.revision}`;
  const { key, value, revision, createRevision } = event;
  return `put ${key}=${value.toString()} at ${revision}, created ${createRevision}`;
}

function record(storage: Storage, prefix: string, startRevision: number): Recording {
  const events: StorageEvent[] = [];
  const errors: Error[] = [];
  let reached = 0;
  const watch = storage.watch({
    prefix,
    startRevision,
    onEvents(batch, revision) {
      events.push(...batch);
      reached = revision;
    },
    onProgress(revision) {
      reached = revision;
    },
    onError: (error) => errors.push(error),
  });
  return { events, errors, watch, revision: () => reached };
}
