// The Lease in kube-system that says that an API server is there, and the end of those whose server is not any more
// (upstream: the identity lease controller and its garbage collector).
import { createHash } from "node:crypto";
import type { Draft } from "@coracle/shared/api/resources";
import type { Lease } from "@coracle/shared/api/types/coordination-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { type Clock, formatMicroTime, parseTime } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import type { ServerObjects } from "./server-objects.ts";

const NAMESPACE = "kube-system";
const COMPONENT = "kube-apiserver";
const IDENTITY = "apiserver.kubernetes.io/identity";
const HOST_NAME = "kubernetes.io/hostname";
const PEER_ADDRESS = "kubernetes.io/peer-advertise-address";
const DURATION_SECONDS = 3600;

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const HASH_BYTES = 16;

/**
 * `apiserver-<hash>`: of the host name alone it is the name that upstream gives. Servers that share a host need something
 * more that tells them apart.
 */
export function identityName(hostName: string, distinction?: string): string {
  const hash = createHash("sha256");
  const parts = [hostName, COMPONENT, ...(distinction === undefined ? [] : [distinction])];
  for (const part of parts) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return `apiserver-${base32(hash.digest().subarray(0, HASH_BYTES))}`;
}

/** RFC 4648, in small letters and without padding. */
function base32(bytes: Buffer): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(value << (5 - bits)) & 31];
}

export interface IdentityOptions {
  leases: ServerObjects<Lease>;
  name: string;
  hostName: string;
  /** `<address>:<port>` of this server; absent when it knows no address. */
  peerAddress?: string;
  clock: Clock;
  random: Random;
}

export class IdentityLease {
  readonly #options: IdentityOptions;
  readonly #holder: string;
  readonly #at: { namespace: string; name: string };
  #isFirst = true;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#holder = `${options.name}_${options.random.uuid()}`;
    this.#at = { namespace: NAMESPACE, name: options.name };
  }

  /** Of a process that had this name before, nothing is kept. */
  async renew(): Promise<void> {
    const { leases } = this.#options;
    const isFirst = this.#isFirst;
    if (isFirst) await leases.delete(this.#at);
    this.#isFirst = false;
    if (isFirst || leases.find(this.#at) === undefined) {
      if ((await leases.create(this.#at, this.#renewed())) !== undefined) return;
    }
    await leases.update(this.#at, (current) => this.#renewed(current));
  }

  leave(): Promise<void> {
    return this.#options.leases.delete(this.#at);
  }

  #renewed(current?: Lease): Draft<Lease> {
    const { hostName, peerAddress, clock } = this.#options;
    const metadata: Partial<ObjectMeta> = current?.metadata ?? this.#at;
    const peer: Record<string, string> =
      peerAddress === undefined ? {} : { [PEER_ADDRESS]: peerAddress };
    return {
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, [IDENTITY]: COMPONENT, [HOST_NAME]: hostName },
        annotations: { ...metadata.annotations, ...peer },
      },
      spec: {
        ...(current?.spec ?? { holderIdentity: this.#holder }),
        leaseDurationSeconds: DURATION_SECONDS,
        renewTime: formatMicroTime(clock.now()),
      },
    };
  }
}

/** Deletes the identity leases that nobody renewed in their time, those without a time too. */
export async function deleteExpiredIdentities(
  leases: ServerObjects<Lease>,
  clock: Clock,
): Promise<void> {
  const isExpired = ({ spec }: Lease): boolean => {
    const renewed = parseTime(spec.renewTime);
    if (renewed === undefined || spec.leaseDurationSeconds === undefined) return true;
    return renewed + spec.leaseDurationSeconds * 1000 < clock.now();
  };
  for (const lease of leases.withLabel(NAMESPACE, IDENTITY, COMPONENT)) {
    if (!isExpired(lease)) continue;
    // The latest state decides: it may have been renewed just now.
    await leases.delete({ namespace: NAMESPACE, name: lease.metadata.name }, isExpired);
  }
}
