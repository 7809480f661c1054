// ResourceQuota: what is written is charged to the quotas of its namespace before it is stored. The writes of a namespace
// that arrive while its quotas are being written are charged together, by one compare-and-swap a quota, so that no number
// of concurrent creations, on however many servers, exceeds a quota.
import type { ResourceQuota } from "@coracle/shared/api/types/core-v1";
import { sameAmounts } from "@coracle/shared/machinery/quota/amounts";
import type { QuotaEvaluator } from "@coracle/shared/machinery/quota/evaluator";
import { isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { ServedResource } from "../registry/served-resource.ts";
import type { AdmissionPlugin, Attributes } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";
import { chargeQuotas, evaluatorFor } from "./quota-check.ts";

/** Writes the status if the quota is still at its resource version. Throws Conflict, NotFound. */
export type UpdateQuota = (quota: ResourceQuota) => Promise<void>;

const ATTEMPTS_MAX = 4;

interface Waiter {
  attributes: Attributes;
  evaluator: QuotaEvaluator;
  settle(error?: unknown): void;
}

export interface QuotaDependencies {
  quotas: ServedResource;
  update: UpdateQuota;
  clock: Clock;
}

export function resourceQuota(dependencies: QuotaDependencies): AdmissionPlugin {
  const { quotas } = dependencies;
  const lister = new ObjectLister<ResourceQuota>(quotas);
  const charger = new QuotaCharger(lister, dependencies);
  return {
    name: "ResourceQuota",
    validate(attributes) {
      const { namespace, resource } = attributes;
      if (quotas.cache.size === 0 || namespace === "" || resource.kind === "Namespace") return;
      if (lister.list(namespace).length === 0) return;
      const evaluator = evaluatorFor(attributes);
      return evaluator && charger.charge(attributes, evaluator);
    },
  };
}

class QuotaCharger {
  readonly #lister: ObjectLister<ResourceQuota>;
  readonly #update: UpdateQuota;
  readonly #clock: Clock;
  /** Those who wait, by namespace; an entry means that somebody is at work there. */
  readonly #waiting = new Map<string, Waiter[]>();

  constructor(lister: ObjectLister<ResourceQuota>, { update, clock }: QuotaDependencies) {
    this.#lister = lister;
    this.#update = update;
    this.#clock = clock;
  }

  /** Resolves when the quotas show what the write takes. Throws Forbidden, and Conflict after several attempts. */
  charge(attributes: Attributes, evaluator: QuotaEvaluator): Promise<void> {
    const { namespace } = attributes;
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error));
      const waiter = { attributes, evaluator, settle };
      const queue = this.#waiting.get(namespace);
      if (queue !== undefined) {
        queue.push(waiter);
        return;
      }
      const started = [waiter];
      this.#waiting.set(namespace, started);
      void this.#work(namespace, started);
    });
  }

  async #work(namespace: string, queue: Waiter[]): Promise<void> {
    while (queue.length > 0) {
      await new Promise<void>((resolve) => setImmediate(resolve)); // let those who come at once join
      const batch = queue.splice(0);
      try {
        await this.#chargeAll(namespace, batch);
      } catch (error) {
        for (const { settle } of batch) settle(error);
      }
    }
    this.#waiting.delete(namespace);
  }

  /** Charges those who still wait; who fits is let through when all quotas are written. */
  async #chargeAll(namespace: string, batch: readonly Waiter[]): Promise<void> {
    let names: ReadonlySet<string> | undefined; // of the quotas that are still to be written
    let open = batch;
    for (let attempt = 1; open.length > 0; attempt++) {
      const before = this.#lister
        .list(namespace)
        .filter(({ metadata }) => names === undefined || names.has(metadata.name));
      const charged = this.#chargeEach(before, open);
      open = charged.open;
      const failed = await this.#writeChanged(before, charged.quotas);
      if (failed.size === 0) break;
      const [error] = failed.values();
      if (attempt === ATTEMPTS_MAX) throw error;
      names = new Set(failed.keys());
    }
    for (const { settle } of open) settle();
  }

  /** Refusals are settled at once, and so is what no quota has to do with. */
  #chargeEach(
    before: readonly ResourceQuota[],
    waiters: readonly Waiter[],
  ): { quotas: readonly ResourceQuota[]; open: Waiter[] } {
    let current = before;
    const open: Waiter[] = [];
    for (const waiter of waiters) {
      const { attributes, evaluator, settle } = waiter;
      try {
        const next = chargeQuotas(current, attributes, evaluator, this.#clock.now());
        if (attributes.dryRun || next.every((quota, i) => quota === current[i])) {
          settle();
          continue;
        }
        current = next;
        open.push(waiter);
      } catch (error) {
        settle(error);
      }
    }
    return { quotas: current, open };
  }

  /** What failed because another writer came first, by the quota's name. */
  async #writeChanged(
    before: readonly ResourceQuota[],
    after: readonly ResourceQuota[],
  ): Promise<Map<string, unknown>> {
    const failed = new Map<string, unknown>();
    for (const [i, quota] of after.entries()) {
      if (sameAmounts(before[i]?.status.used, quota.status.used)) continue;
      try {
        await this.#update(quota);
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
        failed.set(quota.metadata.name, error);
      }
    }
    return failed;
  }
}
