import type { StorageClass } from "@coracle/shared/api/types/storage-v1";
import { expect, it } from "vitest";
import { defaultClass } from "./default-storage-class.ts";

const storageClass = (name: string, year: number, isDefault = true) =>
  ({
    metadata: {
      name,
      creationTimestamp: `${year}-01-01T00:00:00Z`,
      annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) },
    },
  }) as unknown as StorageClass;

it("takes the youngest default, then the first by name", () => {
  expect(defaultClass([])).toBeUndefined();
  expect(defaultClass([storageClass("a", 2025, false)])).toBeUndefined();
  const classes = [
    storageClass("old", 2024),
    storageClass("z", 2025),
    storageClass("b", 2025),
    storageClass("young", 2026, false),
  ];
  expect(defaultClass(classes)?.metadata.name).toBe("b");
  expect(defaultClass(classes.toReversed())?.metadata.name).toBe("b");
});
