// Names that are kept for configurations that come from files (upstream: validation/static_suffix.go).
const STATIC_SUFFIX = ".static.k8s.io";

/** Texts of `Warning` headers. */
export function staticSuffixWarnings({ metadata }: { metadata: { name: string } }): string[] {
  if (!metadata.name.endsWith(STATIC_SUFFIX)) return [];
  return [
    `metadata.name: names ending with "${STATIC_SUFFIX}" are reserved for static manifest-based configurations and cannot be managed via the API`,
  ];
}
