// PriorityClasses as Pods take them over, and the rule that one of them at most is everybody's default (upstream's admission
// plugin Priority).
import type { PriorityClass } from "@coracle/shared/api/types/scheduling-v1";
import type { ServedResource } from "../registry/served-resource.ts";
import type { PriorityClassValue } from "../resources/core/pod/class-admission.ts";
import { type AdmissionPlugin, refusal } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";

export class PriorityClasses {
  readonly resource: ServedResource;
  readonly #lister: ObjectLister<PriorityClass>;
  #listed: readonly unknown[] | undefined;
  #default: PriorityClassValue | undefined;

  constructor(resource: ServedResource) {
    this.resource = resource;
    this.#lister = new ObjectLister(resource);
  }

  get(name: string): PriorityClassValue | undefined {
    const found = this.#lister.get("", name);
    return found && takenOver(found);
  }

  /** Should there be several after a race, the lowest counts. Looked for again only when the classes have changed. */
  default(): PriorityClassValue | undefined {
    const { items } = this.resource.cache.list({});
    if (items !== this.#listed) {
      this.#listed = items;
      this.#default = this.#lister
        .list("")
        .filter(({ globalDefault }) => globalDefault === true)
        .map(takenOver)
        .reduce<PriorityClassValue | undefined>(
          (lowest, one) => (lowest === undefined || one.value < lowest.value ? one : lowest),
          undefined,
        );
    }
    return this.#default;
  }
}

const takenOver = ({
  metadata,
  value = 0,
  preemptionPolicy,
}: PriorityClass): PriorityClassValue => ({
  name: metadata.name,
  value,
  preemptionPolicy: preemptionPolicy ?? "PreemptLowerPriority",
});

/** Refuses a second default. */
export function priority(classes: PriorityClasses): AdmissionPlugin {
  return {
    name: "Priority",
    validate(attributes) {
      const { operation, resource, subresource, object } = attributes;
      if (resource !== classes.resource || subresource !== "") return;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      const { metadata, globalDefault } = object as unknown as PriorityClass;
      if (globalDefault !== true) return;
      const current = classes.default();
      if (current === undefined) return;
      if (operation === "UPDATE" && current.name === metadata.name) return;
      const why = `PriorityClass ${current.name} is already marked as default. Only one default can exist`;
      throw refusal(attributes, why);
    },
  };
}
