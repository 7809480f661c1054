// A read that many ask for at once, done as seldom as is right: an answer must not be older than its question, so whoever asks
// while one is under way gets the next. If that one fails, so do they: it has tried until now, and each would wait as long again.

export class SharedRead<T> {
  readonly #perform: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(perform: () => Promise<T>) {
    this.#perform = perform;
  }

  read(): Promise<T> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      (error: unknown) => {
        this.#next = undefined;
        throw error;
      },
    );
    return this.#next;
  }

  #start(): Promise<T> {
    this.#next = undefined;
    const running = this.#perform().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
