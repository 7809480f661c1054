// The store's keys in etcd: as they are, behind a prefix if there is one.
import type { KeyValue } from "../storage.ts";
import type { EtcdKeyValue } from "./etcd-schema.ts";

export class KeySpace {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  key(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  /** Of all keys that begin with `prefix` and are greater than `startAfter`. */
  bounds(prefix: string, startAfter?: string): { key: Buffer; range_end: Buffer } {
    const start = this.key(prefix);
    const range_end = Buffer.from(start);
    const last = range_end.length - 1;
    range_end[last] = (range_end[last] as number) + 1; // keys are UTF-8: no byte is 255
    if (startAfter === undefined || startAfter < prefix) return { key: start, range_end };
    return { key: this.key(`${startAfter}\0`), range_end };
  }

  keyValue({ key, value, mod_revision, create_revision }: EtcdKeyValue): KeyValue {
    return {
      key: key.toString().slice(this.#prefix.length),
      value,
      revision: mod_revision,
      createRevision: create_revision,
    };
  }
}
