// The store's keys in etcd. They are the same there, unless another root is asked for: then /registry/pods/… lies below that one.
import { posix } from "node:path";
import type { KeyValue } from "../storage.ts";
import type { EtcdKeyValue } from "./etcd-schema.ts";

/** The root of every key of the store, and upstream's default for --etcd-prefix. */
export const REGISTRY_ROOT = "/registry";

export class KeySpace {
  /** `/registry`, `/clusters/a`; empty for no root at all. */
  readonly root: string;

  /** As upstream, `prefix` is taken as a path from /. */
  constructor(prefix = REGISTRY_ROOT) {
    this.root = posix.join("/", prefix).replace(/\/$/, "");
  }

  key(key: string): Buffer {
    if (this.root === REGISTRY_ROOT) return Buffer.from(key);
    if (!key.startsWith(`${REGISTRY_ROOT}/`)) throw new Error(`${key} is not in ${REGISTRY_ROOT}`);
    return Buffer.from(this.root + key.slice(REGISTRY_ROOT.length));
  }

  /** undefined = a key of somebody else. */
  storeKey(key: Buffer): string | undefined {
    const text = key.toString();
    if (this.root === REGISTRY_ROOT) return text;
    return text.startsWith(`${this.root}/`)
      ? REGISTRY_ROOT + text.slice(this.root.length)
      : undefined;
  }

  /** Of all keys that begin with `prefix` and are greater than `startAfter`. */
  bounds(prefix: string, startAfter?: string): { key: Buffer; range_end: Buffer } {
    const whole = startingWith(this.key(prefix));
    if (startAfter === undefined || startAfter < prefix) return whole;
    return { ...whole, key: this.key(`${startAfter}\0`) };
  }

  /** Of all keys of the store. */
  everything(): { key: Buffer; range_end: Buffer } {
    return startingWith(Buffer.from(this.root === REGISTRY_ROOT ? "/" : `${this.root}/`));
  }

  keyValue({ key, value, mod_revision, create_revision, lease }: EtcdKeyValue): KeyValue {
    return {
      key: this.storeKey(key) as string, // only its own keys are asked for
      value,
      revision: mod_revision,
      createRevision: create_revision,
      // One beyond 2^53 is not ours, and could not be named.
      ...(lease !== 0 && Number.isSafeInteger(lease) && { lease }),
    };
  }
}

function startingWith(key: Buffer): { key: Buffer; range_end: Buffer } {
  const range_end = Buffer.from(key);
  const last = range_end.length - 1;
  range_end[last] = (range_end[last] as number) + 1; // keys are UTF-8: no byte is 255
  return { key, range_end };
}
