// What tables show of volumes and claims alike.

/** Older than the field storageClassName, and stronger. */
export const STORAGE_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

const SHORT_MODES = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
] as const;

/** `RWO,ROX`: always in the same order (upstream: GetAccessModesAsString). */
export function accessModesText(modes: readonly string[] | undefined): string {
  const there = SHORT_MODES.filter(([mode]) => modes?.includes(mode));
  return there.map(([, short]) => short).join(",");
}
