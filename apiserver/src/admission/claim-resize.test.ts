import type { PersistentVolumeClaim } from "@coracle/shared/api/types/core-v1";
import type { StorageClass } from "@coracle/shared/api/types/storage-v1";
import { expect, it } from "vitest";
import { resizeRefusal } from "./claim-resize.ts";

const claim = (storage: string, storageClassName?: string, phase = "Bound") =>
  ({
    metadata: { name: "c" },
    spec: { resources: { requests: { storage } }, storageClassName },
    status: { phase },
  }) as unknown as PersistentVolumeClaim;

const classNamed = (name: string): StorageClass | undefined =>
  name === "grows" || name === "fixed"
    ? ({ allowVolumeExpansion: name === "grows" } as StorageClass)
    : undefined;

const UNBOUND = "Only bound persistent volume claims can be expanded";
const FIXED = /^only dynamically provisioned pvc can be resized/;

it("lets a bound claim grow if its class does", () => {
  const old = claim("1Gi", "grows");
  expect(resizeRefusal(claim("2Gi", "grows"), old, classNamed)).toBeUndefined();
  expect(resizeRefusal(claim("2Gi", "grows"), claim("1Gi", "grows", "Pending"), classNamed)).toBe(
    UNBOUND,
  );
  for (const name of ["fixed", "unknown", "", undefined]) {
    expect(resizeRefusal(claim("2Gi", name), claim("1Gi", name), classNamed)).toMatch(FIXED);
  }
  expect(resizeRefusal(claim("2Gi", "grows"), claim("1Gi"), classNamed)).toMatch(FIXED);
});

it("has nothing to say of a size that does not grow", () => {
  const old = claim("1Gi", "fixed", "Pending");
  expect(resizeRefusal(claim("1024Mi", "fixed"), old, classNamed)).toBeUndefined();
  expect(resizeRefusal(claim("1Mi", "fixed"), old, classNamed)).toBeUndefined();
});
