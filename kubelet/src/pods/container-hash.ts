// The part of a container's spec whose change means a new container: its name and image, as in upstream since 1.31.
import type { Container } from "@coracle/shared/api/types/core-v1";

/** FNV-1a, 32 bits, in hexadecimal. */
export function containerHash(container: Container): string {
  const text = JSON.stringify({ image: container.image, name: container.name });
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash.toString(16);
}
