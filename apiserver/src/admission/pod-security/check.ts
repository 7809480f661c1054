// What the checks of Pod Security have in common.
import type {
  Container,
  EphemeralContainer,
  PodSecurityContext,
  PodSpec,
  SecurityContext,
} from "@coracle/shared/api/types/core-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { visitContainers } from "../../resources/core/pod/visit-containers.ts";

export interface Violation {
  reason: string;
  detail: string;
}

export interface CheckedPod {
  metadata: Partial<ObjectMeta>;
  spec: PodSpec;
}

/** Undefined when the Pod passes. */
export type Check = (pod: CheckedPod) => Violation | undefined;

export type AnyContainer = Container | EphemeralContainer;
export type AnyContext = SecurityContext | PodSecurityContext;

export function containersOf(spec: PodSpec): AnyContainer[] {
  const all: AnyContainer[] = [];
  visitContainers(spec, "", (container) => all.push(container));
  return all;
}

export const quoted = (items: Iterable<string>): string =>
  [...items].map((item) => `"${item}"`).join(", ");

export const sorted = (items: Iterable<string>): string[] => [...new Set(items)].sort();

export const plural = (count: number, one: string, several: string): string =>
  count === 1 ? one : several;

/** `container "a"`, `containers "a", "b"` */
export const containersText = (names: readonly string[]): string =>
  `${plural(names.length, "container", "containers")} ${quoted(names)}`;

/** Who is to blame: `pod and containers "a", "b"`; "" for nobody. */
export function settersText(pod: boolean, containers: readonly string[]): string {
  const texts = pod ? ["pod"] : [];
  if (containers.length > 0) texts.push(containersText(containers));
  return texts.join(" and ");
}

/** The Pod's and its containers' security contexts that `isBad`. */
export function badContexts(
  spec: PodSpec,
  isBad: (context: AnyContext) => boolean,
): { pod: boolean; containers: string[] } {
  const bad = (context: AnyContext | undefined) => context !== undefined && isBad(context);
  return {
    pod: bad(spec.securityContext),
    containers: containersOf(spec)
      .filter(({ securityContext }) => bad(securityContext))
      .map(({ name }) => name),
  };
}

export const isWindows = ({ spec }: CheckedPod): boolean => spec.os?.name === "windows";

/** Root in a user namespace of the Pod's own is nobody on the host. */
export const hasOwnUsers = ({ spec }: CheckedPod): boolean => spec.hostUsers === false;
