// Admission: what changes or refuses a write after decoding and before validation and storage. Plugins run in order; all
// `admit` (which may change the object) before any `validate`. A refusal is thrown as a StatusError.
import { forbidden, type StatusError } from "@coracle/shared/machinery/status-error";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { User } from "../registry/user.ts";

export interface Attributes {
  operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  resource: ServedResource;
  subresource: string;
  namespace: string;
  /** "" while the name of a create with generateName is not made yet. */
  name: string;
  /** Absent on delete. */
  object?: AnyObject;
  old?: AnyObject;
  user: User;
  dryRun: boolean;
  /** A plugin may add to it: texts of `Warning` headers. */
  warnings: string[];
}

export interface AdmissionPlugin {
  name: string;
  admit?(attributes: Attributes): void | Promise<void>;
  validate?(attributes: Attributes): void | Promise<void>;
}

/** A refusal in upstream's words: an object without a name yet is called by what its name is made of. */
export function refusal({ resource, name, object }: Attributes, why: string): StatusError {
  const { metadata } = object ?? {};
  return forbidden(resource, name || metadata?.name || metadata?.generateName || "Unknown", why);
}

/** Several findings as upstream's aggregate prints them, each once. */
export function aggregate(texts: readonly string[]): string {
  const unique = [...new Set(texts)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(", ")}]`;
}

export class AdmissionChain {
  readonly #admitters: AdmissionPlugin[];
  readonly #validators: AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#admitters = plugins.filter((plugin) => plugin.admit !== undefined);
    this.#validators = plugins.filter((plugin) => plugin.validate !== undefined);
  }

  async admit(attributes: Attributes): Promise<void> {
    for (const plugin of this.#admitters) {
      const pending = plugin.admit?.(attributes);
      if (pending !== undefined) await pending;
    }
  }

  async validate(attributes: Attributes): Promise<void> {
    for (const plugin of this.#validators) {
      const pending = plugin.validate?.(attributes);
      if (pending !== undefined) await pending;
    }
  }
}
