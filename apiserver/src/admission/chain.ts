// Admission: what changes or refuses a write after decoding and before validation and storage. Plugins run in order; all
// `admit` (which may change the object) before any `validate`. A refusal is thrown as a StatusError.

import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { User } from "../registry/user.ts";

export interface Attributes {
  operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  resource: ServedResource;
  subresource: string;
  namespace: string;
  /** "" for a create with generateName. */
  name: string;
  /** Absent on delete. */
  object?: AnyObject;
  old?: AnyObject;
  user: User;
  dryRun: boolean;
}

export interface AdmissionPlugin {
  name: string;
  admit?(attributes: Attributes): void | Promise<void>;
  validate?(attributes: Attributes): void | Promise<void>;
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
