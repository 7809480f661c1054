// What a kind may add to the one create/update/delete path (registry.ts). Everything here is pure: no clock, no I/O; what a
// function needs besides the objects is in the context. One declaration a kind, keyed by the resource's name.
import type { ColumnFact } from "@coracle/shared/api/facts";
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import type { FieldError, StatusError } from "@coracle/shared/machinery/status-error";
import type { User } from "./user.ts";

export interface RequestContext {
  /** Milliseconds since the epoch. */
  now: number;
  user: Pick<User, "name" | "groups" | "extra"> & { uid?: string };
  /** The version that the client wrote in, e.g. `events.k8s.io/v1`. */
  apiVersion: string;
}

/** What an update may change besides metadata that every kind shares. */
export interface UpdateStrategy<T extends KubernetesObject> {
  /** Resets what this request may not change (status on the main resource, spec on /status) and bumps `generation`. Mutates `object`. */
  prepareForUpdate(object: T, old: T, context: RequestContext): void;
  /** All findings, `metadata` excepted (the registry validates that). */
  validateUpdate(object: T, old: T, context: RequestContext): FieldError[];
  /** Texts of `Warning` headers. */
  warningsOnUpdate?(object: T, old: T): string[];
}

export interface Strategy<T extends KubernetesObject> extends UpdateStrategy<T> {
  /** Clears what a client may not set, sets generation 1 where the kind has one. Mutates. */
  prepareForCreate(object: T, context: RequestContext): void;
  validate(object: T, context: RequestContext): FieldError[];
  /** What upstream adds once the object to be created is found valid. Mutates. */
  canonicalize?(object: T): void;
  warningsOnCreate?(object: T): string[];
  /** A PUT to a name that does not exist creates it (Lease, Event, Service… as upstream). Default false. */
  allowCreateOnUpdate?: boolean;
  /** An update needs no resourceVersion. Default true; false makes PUT without one a validation error. */
  allowUnconditionalUpdate?: boolean;
}

/** Where a kind keeps its replicas, for the scale subresource. */
export interface ScaleMapping<T extends KubernetesObject> {
  specReplicas(object: T): number;
  statusReplicas(object: T): number;
  setSpecReplicas(object: T, replicas: number): void;
  /** The selector in the serialised form that kubectl expects: `app=web,tier in (a,b)`. */
  selector(object: T): string;
}

/** What a graceful deletion does to a kind (Pods only, among the built-in ones). */
export interface GracefulDeletion<T extends KubernetesObject> {
  /** Seconds to wait before the object goes; 0 deletes at once. `requested` is the client's gracePeriodSeconds. */
  gracePeriodSeconds(object: T, requested: number | undefined): number;
}

export interface ResourceBehaviour<T extends KubernetesObject> {
  /** Upstream's key segment below /registry/, e.g. `pods`, `minions`, `services/specs`. */
  storagePrefix: string;
  /** The text of a `Warning` header on every request for objects: this version of the kind is on its way out. */
  deprecation?: string;
  /** Sets every default that upstream sets, on an object as decoded. Mutates; idempotent. */
  setDefaults(object: T): void;
  strategy: Strategy<T>;
  /** Absent where the kind has no /status. */
  statusStrategy?: UpdateStrategy<T>;
  /** Further parts that are written through a path of their own (`resize`, `approval`): how such an update is judged. */
  subresources?: Readonly<Record<string, UpdateStrategy<T>>>;
  scale?: ScaleMapping<T>;
  /** What a deletion without a policy does to dependents. Default Background. */
  defaultPropagation?: "Orphan";
  /** Texts of `Warning` headers of a deletion; `policy` is what the client asked for. */
  warningsOnDelete?(object: T, policy: string | undefined): string[];
  /** Why this object may not be deleted. */
  refuseDelete?(object: T): StatusError | undefined;
  graceful?: GracefulDeletion<T>;
  /** The strategy is asked first, and metadata is judged only when it finds nothing (Events). */
  metadataLast?: true;
  /** Findings on metadata.name; upstream's rule for this kind (DNS subdomain, DNS label, …): the texts after `Invalid value: "x": `. */
  validateName(name: string): string[];
  /** metadata.generateName is the name as it is: nothing is added to make it unique (IPAddresses). */
  namedByGenerateName?: true;
  /** Upstream judges metadata.generateName only by the name that is made of it. */
  ignoresGenerateName?: true;
  /** Values of the field selectors besides metadata.name and metadata.namespace, e.g. `{"spec.nodeName": "n1"}`. */
  selectableFields?(object: T): Record<string, string>;
  /** Cells in the order of the columns of shared/api/facts tables (`tableFacts`). `now` in ms, for ages. */
  cells(object: T, now: number): unknown[];
  /** What a row of the table shows of metadata, where that is not all. */
  rowMetadata?(metadata: ObjectMeta): ObjectMeta;
  /** Only where the columns of upstream are not those of tableFacts. */
  columns?: readonly ColumnFact[];
  /** The order of the rows of a list; by default that of the list. */
  tableOrder?(a: T, b: T): number;
  /** Row conditions (a finished Pod is marked Completed). */
  rowConditions?(object: T): { type: string; status: string; reason?: string; message?: string }[];
}
