import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
} from "@coracle/shared/api/types/core-v1";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { describe, expect, it } from "vitest";
import type { RequestContext } from "../../registry/strategy.ts";
import { persistentVolumeClaimBehaviour } from "./persistentvolumeclaim.ts";
import { prepareDataSources } from "./persistentvolumeclaim-data-sources.ts";
import { STORAGE_CLASS_ANNOTATION } from "./volume-cells.ts";

const context = {} as RequestContext;
const { strategy } = persistentVolumeClaimBehaviour;

interface Around {
  annotation?: string;
  status?: PersistentVolumeClaim["status"];
}

function claim(spec: PersistentVolumeClaimSpec, { annotation, status = {} }: Around = {}) {
  const annotations = annotation === undefined ? {} : { [STORAGE_CLASS_ANNOTATION]: annotation };
  const object: PersistentVolumeClaim = {
    metadata: {
      name: "c",
      namespace: "n",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      annotations,
    } as never,
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      ...spec,
    },
    status,
  };
  persistentVolumeClaimBehaviour.setDefaults(object);
  return object;
}

const fields = (now: PersistentVolumeClaim, old: PersistentVolumeClaim): string[] =>
  strategy.validateUpdate(now, old, context).map(({ field }: FieldError) => field);

describe("the class of a claim", () => {
  it("may be given where there was none, or what the annotation says", () => {
    expect(fields(claim({ storageClassName: "a" }), claim({}))).toEqual([]);
    const annotated = claim({}, { annotation: "a" });
    expect(fields(claim({ storageClassName: "a" }), annotated)).toEqual([]);
    expect(fields(claim({ storageClassName: "a" }, { annotation: "a" }), annotated)).toEqual([]);
  });

  it("stays otherwise", () => {
    const annotation = `metadata.annotations.${STORAGE_CLASS_ANNOTATION}`;
    const annotated = claim({}, { annotation: "a" });
    expect(fields(claim({ storageClassName: "b" }), annotated)).toEqual([annotation, "spec"]);
    expect(fields(claim({}), claim({ storageClassName: "a" }))).toEqual(["spec"]);
    expect(fields(claim({}, { annotation: "b" }), claim({}))).toEqual([annotation]);
  });
});

describe("the size of a bound claim", () => {
  const bound = (storage: string) =>
    claim(
      { resources: { requests: { storage } } },
      { status: { phase: "Bound", capacity: { storage: "1Gi" } } },
    );

  it("may be taken back to above what there is", () => {
    expect(fields(bound("2Gi"), bound("3Gi"))).toEqual([]);
    expect(fields(bound("1Gi"), bound("3Gi"))).toEqual(["spec.resources.requests.storage"]);
  });

  it("may be written in another way", () => {
    expect(fields(bound("1073741824"), bound("1Gi"))).toEqual([]);
  });
});

describe("the source of a claim's data", () => {
  const prepared = (spec: PersistentVolumeClaimSpec, old?: PersistentVolumeClaimSpec) => {
    const copy = structuredClone(spec);
    prepareDataSources(copy, old);
    return copy;
  };
  const pvc = { kind: "PersistentVolumeClaim", name: "x" };
  const other = { apiGroup: "example.com", kind: "Foo", name: "x" };

  it("is in both fields", () => {
    const both = { dataSource: pvc, dataSourceRef: pvc };
    expect(prepared({ dataSource: pvc })).toEqual(both);
    expect(prepared({ dataSourceRef: pvc })).toEqual(both);
    expect(prepared({ dataSourceRef: other })).toEqual({ dataSource: other, dataSourceRef: other });
  });

  it("of another kind is taken only from the newer field, unless there was one", () => {
    expect(prepared({ dataSource: other })).toEqual({});
    const both = { dataSource: other, dataSourceRef: other };
    expect(prepared({ dataSource: other }, both)).toEqual(both);
  });

  it("in another namespace is for a gate that upstream keeps off", () => {
    const foreign = { ...pvc, namespace: "far" };
    expect(prepared({ dataSourceRef: foreign })).toEqual({});
    expect(prepared({ dataSourceRef: foreign }, { dataSourceRef: foreign })).toEqual({
      dataSourceRef: foreign,
    });
  });
});
