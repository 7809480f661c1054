// Forgets history by age and by size, on its own, in steps so small that no writer waits for one.
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { StorageClosedError } from "../storage.ts";

export interface CompactorOptions {
  clock: Clock;
  logger: Logger;
  retentionMs: number;
  published(): number;
  compactRevision(): number;
  /** The revision to compact to so that history is within its bytes. */
  revisionWithinBytes(): number;
  compact(revision: number): Promise<void>;
  /** Called at each tick, with the newest durable revision. */
  checkpoint(revision: number): Promise<void>;
}

/** Age is known this finely: a retention of 5 minutes forgets after 5 to 5.5. */
const TICKS_PER_RETENTION = 10;
const TICK_MS_MAX = 30_000;
const TICK_MS_MIN = 100;

export class Compactor {
  readonly #options: CompactorOptions;
  /** When which revision was the newest, oldest first. */
  #marks: { atMs: number; revision: number }[] = [];
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  /** Something happened that the run under way may not have seen. */
  #kicked = false;
  #ticked = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#mark();
    this.#schedule();
  }

  /** Looks now whether something is to be forgotten, e.g. because history has outgrown its bytes. */
  kick(): void {
    this.#kicked = true;
    if (this.#stopped || this.#running !== undefined) return;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(): void {
    if (this.#stopped) return;
    const tickMs = Math.min(TICK_MS_MAX, this.#options.retentionMs / TICKS_PER_RETENTION);
    this.#timer = this.#options.clock.setTimer(Math.max(TICK_MS_MIN, tickMs), () => {
      this.#mark();
      this.#ticked = true;
      this.kick();
      this.#schedule();
    });
  }

  #mark(): void {
    const revision = this.#options.published();
    this.#marks.push({ atMs: this.#options.clock.monotonic(), revision });
  }

  async #run(): Promise<void> {
    try {
      while (this.#kicked && !this.#stopped) {
        this.#kicked = false;
        await this.#compactOnce();
      }
    } catch (error) {
      // The engine is read-only by now if its disk failed; a later tick tries again otherwise.
      if (!(error instanceof StorageClosedError))
        this.#options.logger.error({ err: error }, "compaction failed");
    } finally {
      this.#running = undefined;
    }
  }

  async #compactOnce(): Promise<void> {
    const { compactRevision, compact, checkpoint, published, logger } = this.#options;
    const target = Math.max(this.#revisionByAge(), this.#options.revisionWithinBytes());
    if (target > compactRevision()) {
      logger.debug({ revision: target }, "compacting history");
      await compact(target);
    }
    if (!this.#ticked) return;
    this.#ticked = false;
    await checkpoint(published());
  }

  #revisionByAge(): number {
    const limit = this.#options.clock.monotonic() - this.#options.retentionMs;
    let revision = 0;
    let passed = 0;
    for (const mark of this.#marks) {
      if (mark.atMs > limit) break;
      revision = mark.revision;
      passed++;
    }
    if (passed > 0) this.#marks = this.#marks.slice(passed);
    return revision;
  }
}
