import type { Container, EphemeralContainer, PodSpec } from "@coracle/shared/api/types/core-v1";

/** Every container with its path below `path` (the spec's), in upstream's order: init, regular, ephemeral. */
export function visitContainers(
  spec: PodSpec,
  path: string,
  visit: (container: Container | EphemeralContainer, path: string) => void,
): void {
  spec.initContainers?.forEach((container, i) => {
    visit(container, `${path}.initContainers[${i}]`);
  });
  spec.containers?.forEach((container, i) => {
    visit(container, `${path}.containers[${i}]`);
  });
  spec.ephemeralContainers?.forEach((container, i) => {
    visit(container, `${path}.ephemeralContainers[${i}]`);
  });
}
