// Kinds that are served in more than one version: how the further versions are made of the stored one.
import type { KindVersion } from "../registry/resource-table.ts";

export const kindVersions: readonly KindVersion[] = [];
