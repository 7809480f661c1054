// Writers that know what each of their keys must hold: exactly what was acknowledged last, or, of a write whose answer never came,
// what it was before or after.
import type { ConfigMap } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { ConnectionError } from "@coracle/shared/client/transport";
import { StatusError } from "@coracle/shared/machinery/status-error";

export const NAMESPACE = "default";

/** What a write did to its key. */
export interface Write {
  type: "ADDED" | "MODIFIED" | "DELETED";
  name: string;
  /** "" = deleted. */
  value: string;
  /** Not known of a deletion. */
  revision: number | undefined;
}

interface Key {
  name: string;
  parity: string;
  present: { value: string; resourceVersion: string } | undefined;
  /** Sent, and not answered. */
  pending: Write | undefined;
}

const KEYS_PER_WRITER = 4;

export class CrashWriters {
  readonly #keys: Key[][];
  #round = 0;
  #count = 0;
  /** The newest revision that any client was told. */
  shown = 0;
  /** Of this round, in the order of each key. */
  acknowledged: Write[] = [];
  total = 0;

  constructor(writers: number) {
    this.#keys = Array.from({ length: writers }, (_, writer) =>
      Array.from({ length: KEYS_PER_WRITER }, (_unused, slot) => ({
        name: `w${writer}-${slot}`,
        parity: slot % 2 === 0 ? "even" : "odd",
        present: undefined,
        pending: undefined,
      })),
    );
  }

  /** Writes until the server is gone. */
  async run(client: Client, round: number): Promise<void> {
    this.#round = round;
    this.acknowledged = [];
    await Promise.all(this.#keys.map((keys) => this.#write(client, keys)));
  }

  async #write(client: Client, keys: readonly Key[]): Promise<void> {
    for (let i = 0; ; i++) {
      const key = keys[i % keys.length] as Key;
      const write = this.#next(key);
      key.pending = write;
      try {
        const revision = await send(client, key, write);
        this.#acknowledge(key, { ...write, revision });
      } catch (error) {
        if (error instanceof StatusError && error.code !== 503) {
          throw new Error(`round ${this.#round}: ${write.name}: ${error.message}`);
        }
        if (!(error instanceof StatusError) && !(error instanceof ConnectionError)) throw error;
        return; // killed: whether it was done is not known
      }
    }
  }

  #next(key: Key): Write {
    const { name, present } = key;
    const count = this.#count++;
    if (present !== undefined && count % 7 === 3) {
      return { type: "DELETED", name, value: "", revision: undefined };
    }
    const type = present === undefined ? "ADDED" : "MODIFIED";
    return { type, name, value: `${this.#round}.${count}`, revision: undefined };
  }

  #acknowledge(key: Key, write: Write): void {
    key.pending = undefined;
    key.present =
      write.value === ""
        ? undefined
        : { value: write.value, resourceVersion: String(write.revision) };
    if (write.revision !== undefined) {
      this.shown = Math.max(this.shown, write.revision);
    }
    this.acknowledged.push(write);
    this.total++;
  }

  /**
   * Compares with what is there after a restart, and takes on what became of the unanswered writes. Returns how many of those were
   * done. Throws when something acknowledged is missing, or anything is there in half.
   */
  settle(items: readonly ConfigMap[]): number {
    const found = new Map(items.map((item) => [item.metadata.name, item]));
    let done = 0;
    for (const key of this.#keys.flat()) {
      const item = found.get(key.name);
      const value = item === undefined ? "" : wholeValue(item);
      const { pending, present } = key;
      if (pending !== undefined && value === pending.value && value !== (present?.value ?? "")) {
        const revision = item && Number(item.metadata.resourceVersion);
        this.#acknowledge(key, { ...pending, revision });
        done++;
        continue;
      }
      key.pending = undefined;
      if (value !== (present?.value ?? "")) {
        throw new Error(`${key.name} was acknowledged as "${present?.value ?? ""}", is "${value}"`);
      }
      if (item !== undefined && item.metadata.resourceVersion !== present?.resourceVersion) {
        throw new Error(`${key.name} has another resource version than was acknowledged`);
      }
    }
    return done;
  }
}

async function send(client: Client, key: Key, write: Write): Promise<number | undefined> {
  const configMaps = client.for("configmaps");
  const { name, present, parity } = key;
  if (write.type === "DELETED") {
    await configMaps.delete(name, { namespace: NAMESPACE });
    return undefined;
  }
  const object = {
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { parity },
      ...(present && { resourceVersion: present.resourceVersion }),
    },
    data: contentOf(write.value),
  };
  const answer =
    present === undefined
      ? await configMaps.create(object)
      : await configMaps.update(object as unknown as ConfigMap);
  return Number(answer.metadata.resourceVersion);
}

/** Parts of one write that must never be seen apart. */
function contentOf(value: string): Record<string, string> {
  const length = (Number(value.split(".")[1]) * 37) % 5000;
  return { begin: value, filler: "x".repeat(length), end: value };
}

export function wholeValue({ metadata, data = {} }: ConfigMap): string {
  const { begin = "", end, filler } = data;
  if (begin !== end || contentOf(begin).filler !== filler) {
    throw new Error(`${metadata.name} is there in half: ${begin}, ${end}, ${filler?.length}`);
  }
  return begin;
}
