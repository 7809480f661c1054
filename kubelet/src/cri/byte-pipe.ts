// A queue of chunks between a callback that delivers and a loop that reads.

export class Pipe<T> implements AsyncIterable<T> {
  readonly #chunks: T[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  push(chunk: T): void {
    if (this.#isEnded) return;
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  /** What is queued is still read. Idempotent. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const next = this.#chunks.shift();
      if (next !== undefined) yield next;
      else if (this.#isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}

export async function readAll(input: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks);
}
