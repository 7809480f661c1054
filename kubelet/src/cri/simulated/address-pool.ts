// Addresses of one node's Pods, out of its pod CIDR (what a CNI plugin's host-local IPAM does).

/** `10.244.3.0/24` for node 3; beyond 3,072 nodes the range goes on at 10.128. */
export function podCidrOf(nodeIndex: number): string {
  const block = nodeIndex >> 8;
  const second = block < 12 ? 244 + block : 128 + ((block - 12) % 116);
  return `10.${second}.${nodeIndex & 255}.0/24`;
}

export class AddressPool {
  readonly #base: number;
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 2; // .0 is the network, .1 the bridge

  constructor(cidr: string) {
    const [network = "", bits = "24"] = cidr.split("/");
    this.#base = network.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    this.#size = 2 ** (32 - Number(bits));
  }

  /** Undefined when all are in use. Addresses are reused as late as possible. */
  allocate(): string | undefined {
    for (let tries = 0; tries < this.#size; tries++) {
      const candidate = this.#next;
      this.#next = candidate + 1 >= this.#size - 1 ? 2 : candidate + 1;
      if (this.#used.has(candidate)) continue;
      this.#used.add(candidate);
      return textOf(this.#base + candidate);
    }
    return undefined;
  }

  release(address: string): void {
    const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    this.#used.delete(value - this.#base);
  }
}

const textOf = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
