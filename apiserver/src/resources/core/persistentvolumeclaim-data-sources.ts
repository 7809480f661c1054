// What a claim's volume is filled with: two fields, of which the older one takes only claims and snapshots (upstream:
// api/persistentvolumeclaim EnforceDataSourceBackwardsCompatibility, NormalizeDataSources).
import type {
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
} from "@coracle/shared/api/types/core-v1";

/** Mutates `spec`. `old` is absent on create. */
export function prepareDataSources(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec | undefined,
): void {
  // The gate CrossNamespaceVolumeDataSource is off by default upstream.
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  const inUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!inUse && spec.dataSourceRef === undefined && !isClaimOrSnapshot(spec.dataSource)) {
    delete spec.dataSource; // has always been ignored
  }
  mirrorDataSources(spec);
}

function isClaimOrSnapshot(source: TypedLocalObjectReference | undefined): boolean {
  const group = source?.apiGroup ?? "";
  if (source?.kind === "PersistentVolumeClaim") return group === "";
  return source?.kind === "VolumeSnapshot" && group === "snapshot.storage.k8s.io";
}

/** Where only one of the two is given, the other gets the same. */
function mirrorDataSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) {
    spec.dataSourceRef = { ...dataSource };
  } else if (dataSourceRef !== undefined && dataSource === undefined && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}
