// The pod-template-hash label: stable for a template, and another one after a collision.
import type { PodTemplateSpec } from "@coracle/shared/api/types/core-v1";

export const TEMPLATE_HASH_LABEL = "pod-template-hash";

/** No vowels, so that no words come out (apimachinery util/rand SafeEncodeString). */
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * FNV-32a in upstream's form. Upstream hashes a dump of Go structs, which nobody else can
 * reproduce; here it is the template's JSON with sorted members.
 */
export function templateHash(template: PodTemplateSpec, collisionCount?: number): string {
  const salt = collisionCount === undefined ? "" : `/${collisionCount}`;
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(sortedJson(template) + salt)) {
    hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  }
  let text = "";
  for (const digit of String(hash)) {
    text += SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length];
  }
  return text;
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    const entries = Object.entries(member).filter(([, inner]) => inner !== null);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
