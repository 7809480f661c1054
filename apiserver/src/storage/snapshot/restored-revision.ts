// Revisions after a restore. Clients may know revisions that the old store gave out after the snapshot was made. In the restored
// store none of them may mean something else, so it goes on far above them, and forgets all history below: whoever resumes from an
// old revision is told "too old", and lists again (as `etcdutl snapshot restore --bump-revision --mark-compacted` does).

/** More than a store gives out between two snapshots: three years of 10,000 writes a second, or etcd's own recommendation. */
export const RESTORE_BUMP = 1_000_000_000;

export function restoredRevision(snapshotRevision: number): number {
  return snapshotRevision + RESTORE_BUMP;
}
