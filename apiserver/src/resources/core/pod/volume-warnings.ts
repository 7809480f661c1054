// Warnings on volumes: drivers that are gone, files that hide each other (upstream: api/pod warnings.go).
import type {
  Volume,
  VolumeProjection,
  VolumeResourceRequirements,
} from "@coracle/shared/api/types/core-v1";
import { canonical, milliValue } from "@coracle/shared/machinery/quantity";

/** In upstream's order, with the path that upstream prints. */
const DEPRECATED: readonly (readonly [key: keyof Volume, field: string, message: string])[] = [
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["ephemeral", "", ""],
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
];

export function volumeWarnings(
  volumes: readonly Volume[] | undefined,
  path: string,
  warnings: string[],
): void {
  volumes?.forEach((volume, i) => {
    for (const [key, field, message] of DEPRECATED) {
      if (!volume[key]) continue;
      if (key === "ephemeral") claimWarnings(volume, `${path}[${i}]`, warnings);
      else warnings.push(`${path}[${i}].${field}: ${message}`);
    }
  });
}

function claimWarnings(volume: Volume, path: string, warnings: string[]): void {
  const resources = volume.ephemeral?.volumeClaimTemplate?.spec?.resources;
  const at = `${path}.ephemeral.volumeClaimTemplate.spec.resources`;
  claimStorageWarnings(resources, at, warnings);
}

/** Storage is a whole number of bytes. */
export function claimStorageWarnings(
  resources: VolumeResourceRequirements | undefined,
  path: string,
  warnings: string[],
): void {
  for (const side of ["requests", "limits"] as const) {
    const quantity = resources?.[side]?.storage;
    if (quantity === undefined || milliValue(quantity) % 1000 === 0) continue;
    const shown = JSON.stringify(canonical(quantity));
    warnings.push(
      `${path}.${side}[storage]: fractional byte value ${shown} is invalid, must be an integer`,
    );
  }
}

interface PathOf {
  path: string;
  source: string;
}

const shown = ({ path, source }: PathOf): string =>
  source === "" ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;

const pathsOf = (items: readonly { path?: string }[] | undefined, source: string): PathOf[] =>
  (items ?? []).map((item) => ({ path: item.path ?? "", source }));

/** One line for each earlier path that is the same, above or below. */
function overlaps(seen: PathOf[], paths: readonly PathOf[]): string[] {
  const lines: string[] = [];
  for (const given of paths) {
    const next = { ...given, path: given.path.replace(/\/+$/, "") };
    if (next.path !== "") {
      for (const other of seen) {
        if (other.path === "") continue;
        const collides =
          `${other.path}/`.startsWith(`${next.path}/`) ||
          `${next.path}/`.startsWith(`${other.path}/`);
        if (collides) lines.push(`${shown(next)} with ${shown(other)}`);
      }
    }
    seen.push(next);
  }
  return lines;
}

export function overlapWarnings(volumes: readonly Volume[] | undefined, warnings: string[]): void {
  for (const volume of volumes ?? []) {
    const { configMap, secret, downwardAPI, projected } = volume;
    const name = JSON.stringify(volume.name);
    const add = (what: string, lines: readonly string[]) => {
      for (const line of lines) {
        warnings.push(`volume ${name} (${what}): overlapping paths: ${line}`);
      }
    };
    if (configMap?.items) {
      const what = `ConfigMap ${JSON.stringify(configMap.name ?? "")}`;
      add(what, overlaps([], pathsOf(configMap.items, "")));
    }
    if (secret?.items) {
      const what = `Secret ${JSON.stringify(secret.secretName ?? "")}`;
      add(what, overlaps([], pathsOf(secret.items, "")));
    }
    if (downwardAPI?.items) add("DownwardAPI", overlaps([], pathsOf(downwardAPI.items, "")));
    const seen: PathOf[] = [];
    for (const source of projected?.sources ?? []) {
      if (Object.values(source).every((value) => value == null)) {
        warnings.push(`volume ${name} (Projected) has no sources provided`);
      } else {
        add("Projected", overlaps(seen, projectedPaths(source)));
      }
    }
  }
}

function projectedPaths(source: VolumeProjection): PathOf[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap?.items) {
    return pathsOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? "")}`);
  }
  if (secret?.items) return pathsOf(secret.items, `Secret ${JSON.stringify(secret.name ?? "")}`);
  if (downwardAPI?.items) return pathsOf(downwardAPI.items, "DownwardAPI");
  if (serviceAccountToken) {
    return [{ path: serviceAccountToken.path ?? "", source: "ServiceAccountToken" }];
  }
  return [];
}
