// Group commit. One batch is on its way to the disk at a time; what is decided meanwhile gathers, and goes as the next batch with one
// sync. Order is that of enqueueing. A failed batch ends the queue: nothing after it may become durable, since it was decided on a
// state that may not exist.
import type { Row } from "./open-directory.ts";
import type { Version } from "./version-index.ts";

export interface Change {
  version: Version;
  value: Buffer;
  memo: unknown;
}

/** Something to be settled, in order, once everything before it and its own rows are on disk. */
export interface Commit {
  /** The store's revision once this is published. */
  revision: number;
  rows: Row[];
  changes: readonly Change[];
  bytes: number;
  resolve(): void;
  reject(error: Error): void;
}

export interface CommitQueueOptions {
  /** Brings the rows to disk. */
  write(rows: Row[]): Promise<void>;
  /** Shows one durable batch to watchers; runs before any of its commits resolves. */
  publish(commits: readonly Commit[]): void;
  /** The queue is over. The failed commits are rejected after it. Returns what they are rejected with. */
  failed(error: unknown): Error;
}

const BATCH_BYTES_MAX = 4 << 20;

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #gathering: Commit[] = [];
  #running: Promise<void> | undefined;
  #failure: Error | undefined;
  syncs = 0;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#running === undefined;
  }

  enqueue(commit: Commit): void {
    if (this.#failure !== undefined) {
      commit.reject(this.#failure);
      return;
    }
    this.#gathering.push(commit);
    this.#running ??= this.#run();
  }

  /** Resolves when everything enqueued so far is settled. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // The requests that arrived together with the first one shall share its sync.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#gathering.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#commit(batch);
      } catch (error) {
        this.#fail(error, batch);
      }
    }
    this.#running = undefined;
  }

  #takeBatch(): Commit[] {
    let bytes = 0;
    let count = 0;
    for (const commit of this.#gathering) {
      bytes += commit.bytes;
      if (count > 0 && bytes > BATCH_BYTES_MAX) break;
      count++;
    }
    const batch = this.#gathering;
    this.#gathering = batch.splice(count);
    return batch;
  }

  async #commit(batch: Commit[]): Promise<void> {
    const rows: Row[] = [];
    for (const commit of batch) for (const row of commit.rows) rows.push(row);
    if (rows.length > 0) {
      await this.#options.write(rows);
      this.syncs++;
    }
    this.#options.publish(batch);
    for (const commit of batch) commit.resolve();
  }

  #fail(error: unknown, batch: Commit[]): void {
    this.#failure = this.#options.failed(error);
    const rejected = batch.concat(this.#gathering);
    this.#gathering = [];
    for (const commit of rejected) commit.reject(this.#failure);
  }
}
