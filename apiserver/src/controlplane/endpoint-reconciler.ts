// Keeps the addresses of all API servers that live in the Endpoints and the EndpointSlice of the `kubernetes` Service
// (upstream: the lease endpoint reconciler).
import type { Draft } from "@coracle/shared/api/resources";
import type { Endpoints } from "@coracle/shared/api/types/core-v1";
import type { EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import type { AddressLeases } from "./address-leases.ts";
import {
  isSameSlice,
  KUBERNETES,
  plannedEndpoints,
  sliceOf,
  type WantedAddresses,
} from "./endpoints-plan.ts";
import type { ServerObjects } from "./server-objects.ts";

export interface EndpointReconcilerOptions {
  leases: AddressLeases;
  endpoints: ServerObjects<Endpoints>;
  slices: ServerObjects<EndpointSlice>;
  /** At which all API servers are to be found. */
  port: number;
}

export class EndpointReconciler {
  readonly #options: EndpointReconcilerOptions;
  #isFirst = true;

  constructor(options: EndpointReconcilerOptions) {
    this.#options = options;
  }

  /** Refreshes the own lease, then sets right what is shown. Throws what the store or the checks of a write throw. */
  async reconcile(): Promise<void> {
    const { leases, port } = this.#options;
    await leases.refresh(); // whatever fails afterwards, the others see this server
    const addresses = await leases.list();
    if (addresses.length === 0) throw new Error("no API server has a lease, not even this one");
    // A server that has just started knows the port; one that died in its place may have had another.
    await this.#write({ addresses, port, ownPort: this.#isFirst });
    this.#isFirst = false;
  }

  /** Takes the own address away. */
  async leave(): Promise<void> {
    const { leases, endpoints, port } = this.#options;
    await leases.remove();
    if (endpoints.find(KUBERNETES) === undefined) return;
    await this.#write({ addresses: await leases.list(), port, ownPort: false });
  }

  async #write(wanted: WantedAddresses): Promise<void> {
    const current = this.#options.endpoints.find(KUBERNETES);
    const planned = plannedEndpoints(current, wanted);
    const shown = planned === undefined ? current : await this.#put(planned, wanted);
    if (shown !== undefined) await this.#writeSlice(sliceOf(shown));
  }

  /** Undefined: another server was first, and this one has not seen yet with what. The next round does. */
  async #put(planned: Draft<Endpoints>, wanted: WantedAddresses): Promise<Endpoints | undefined> {
    const { endpoints } = this.#options;
    const isThere = () => endpoints.find(KUBERNETES) !== undefined;
    if (!isThere()) {
      const created = await endpoints.create(KUBERNETES, planned);
      if (created !== undefined || !isThere()) return created;
    }
    return endpoints.update(KUBERNETES, (latest) => plannedEndpoints(latest, wanted) ?? latest);
  }

  async #writeSlice(wanted: Draft<EndpointSlice>): Promise<void> {
    const { slices } = this.#options;
    let current = slices.find(KUBERNETES);
    if (current !== undefined && current.addressType !== wanted.addressType) {
      await slices.delete(KUBERNETES); // it cannot be changed
      current = undefined;
    }
    if (current === undefined) {
      await slices.create(KUBERNETES, wanted);
    } else if (!isSameSlice(current, wanted)) {
      await slices.update(KUBERNETES, () => wanted);
    }
  }
}
