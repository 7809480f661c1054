// A queue between a connection that delivers and a process that reads, which tells the connection when to stop reading.

/** Above it a connection is no longer read from. */
const BYTES_MAX = 256 * 1024;

export class ChunkQueue implements AsyncIterable<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isEnded = false;
  #isDiscarding = false;
  #wakeReader: (() => void) | undefined;
  #room: Promise<void> | undefined;
  #makeRoom: (() => void) | undefined;

  /** Answers a promise when the queue is full: it resolves when more may be pushed. */
  push(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#isEnded || this.#isDiscarding || chunk.length === 0) return undefined;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wakeReader?.();
    if (this.#bytes <= BYTES_MAX) return undefined;
    this.#room ??= new Promise((resolve) => {
      this.#makeRoom = resolve;
    });
    return this.#room;
  }

  /** What is queued is still read. Idempotent. */
  end(): void {
    this.#isEnded = true;
    this.#wakeReader?.();
    this.#freeRoom();
  }

  /** Nobody reads any more: what is queued and what comes is dropped. */
  discard(): void {
    this.#isDiscarding = true;
    this.#chunks = [];
    this.#bytes = 0;
    this.#wakeReader?.();
    this.#freeRoom();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#chunks.shift();
      if (next !== undefined) {
        this.#bytes -= next.length;
        if (this.#bytes <= BYTES_MAX / 2) this.#freeRoom();
        yield next;
      } else if (this.#isEnded || this.#isDiscarding) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
        this.#wakeReader = undefined;
      }
    }
  }

  #freeRoom(): void {
    this.#makeRoom?.();
    this.#room = undefined;
    this.#makeRoom = undefined;
  }
}
