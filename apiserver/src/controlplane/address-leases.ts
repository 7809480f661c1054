// The addresses of the API servers that live: a key each, which goes with its lease unless its server refreshes it
// (upstream: /registry/masterleases/<ip>, an Endpoints object with one address).
import type { Storage } from "../storage/storage.ts";

const PREFIX = "/registry/masterleases/";
/** Upstream's time to live. Servers refresh every 10 s. */
const TTL_SECONDS = 15;

interface AddressRecord {
  kind: "Endpoints";
  apiVersion: "v1";
  /** One more with each refresh, as upstream writes it. */
  metadata: { generation: number };
  subsets: { addresses: { ip: string }[] }[];
}

export class AddressLeases {
  readonly #storage: Storage;
  readonly #address: string;
  readonly #key: string;

  /** `name`: the server's own; upstream's is its address. */
  constructor(storage: Storage, address: string, name = address) {
    this.#storage = storage;
    this.#address = address;
    this.#key = PREFIX + name;
  }

  async refresh(): Promise<void> {
    const [lease, before] = await Promise.all([
      this.#storage.grantLease(TTL_SECONDS),
      this.#storage.get(this.#key),
    ]);
    const known = before && (JSON.parse(before.value.toString()) as Partial<AddressRecord>);
    const record: AddressRecord = {
      kind: "Endpoints",
      apiVersion: "v1",
      metadata: { generation: (known?.metadata?.generation ?? 0) + 1 },
      subsets: [{ addresses: [{ ip: this.#address }] }],
    };
    const value = Buffer.from(JSON.stringify(record));
    await this.#storage.transaction([], [{ type: "put", key: this.#key, value, lease }]);
  }

  async remove(): Promise<void> {
    await this.#storage.transaction([], [{ type: "delete", key: this.#key }]);
  }

  /** Each once, in the order in which Endpoints have them. */
  async list(): Promise<string[]> {
    const { items } = await this.#storage.range({ prefix: PREFIX });
    const addresses = items.flatMap(({ value }) => {
      const { subsets } = JSON.parse(value.toString()) as Partial<AddressRecord>;
      return subsets?.[0]?.addresses[0]?.ip ?? [];
    });
    return [...new Set(addresses)].sort();
  }
}
