import type {
  CSIDriver,
  CSINode,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from "@coracle/shared/api/types/storage-v1";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { describe, expect, it } from "vitest";
import type { RequestContext } from "../../registry/strategy.ts";
import { csiDriverBehaviour } from "./csidriver.ts";
import { csiNodeBehaviour } from "./csinode.ts";
import { validateParameters } from "./parameters.ts";
import { isDefaultClass, storageClassBehaviour } from "./storageclass.ts";
import { volumeAttachmentBehaviour } from "./volumeattachment.ts";
import { volumeAttributesClassBehaviour } from "./volumeattributesclass.ts";

const context = {} as RequestContext;
const texts = (errors: readonly FieldError[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`);
const metadata = (name = "x") =>
  ({ name, uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" }) as never;

function storageClass(members: Partial<StorageClass>): StorageClass {
  const object: StorageClass = { metadata: metadata(), provisioner: "p", ...members };
  storageClassBehaviour.setDefaults(object);
  return object;
}

describe("parameters", () => {
  const judged = (parameters: Record<string, string>) =>
    texts(validateParameters(parameters, { allowEmpty: false }, "parameters"));

  it("are counted before they are read", () => {
    const many = Object.fromEntries(Array.from({ length: 513 }, (_, i) => [`k${i}`, ""]));
    expect(judged(many)).toEqual(["parameters: Too long: may not be more than 512 bytes"]);
  });

  it("have a size together, in bytes", () => {
    const almost = "ä".repeat(128 * 1024 - 1);
    expect(judged({ k: almost })).toEqual([]);
    expect(judged({ k: `${almost}ä` })).toEqual([
      "parameters: Too long: may not be more than 262144 bytes",
    ]);
  });
});

describe("StorageClass", () => {
  const { strategy } = storageClassBehaviour;

  it("is the default by either annotation, if that says true", () => {
    const marked = (key: string, value: string) =>
      isDefaultClass({
        ...storageClass({}),
        metadata: { name: "x", annotations: { [key]: value } } as never,
      });
    expect(marked("storageclass.kubernetes.io/is-default-class", "true")).toBe(true);
    expect(marked("storageclass.beta.kubernetes.io/is-default-class", "true")).toBe(true);
    expect(marked("storageclass.kubernetes.io/is-default-class", "yes")).toBe(false);
  });

  it("counts a term that allows nothing once for each term", () => {
    const object = storageClass({ allowedTopologies: [{}, {}] });
    const found = texts(strategy.validate(object, context));
    const at = (i: number) => `allowedTopologies[${i}].matchLabelExpressions: Duplicate value: ""`;
    expect(found).toEqual([at(0), at(0), at(1), at(1), at(1)]);
  });

  it("keeps what a provisioner was told", () => {
    const old = storageClass({ parameters: { b: "2", a: "1" } });
    const now = storageClass({ parameters: { b: "3", a: "1" }, reclaimPolicy: "Retain" });
    expect(texts(strategy.validateUpdate(now, old, context))).toEqual([
      'parameters: Invalid value: {"a":"1","b":"3"}: field is immutable',
      'reclaimPolicy: Invalid value: "Retain": field is immutable',
    ]);
    const same = storageClass({ parameters: { a: "1", b: "2" }, allowVolumeExpansion: true });
    expect(strategy.validateUpdate(same, old, context)).toEqual([]);
  });
});

describe("CSIDriver", () => {
  const driver = (spec: CSIDriver["spec"], generation?: number): CSIDriver => {
    const object = { metadata: { name: "d", ...(generation && { generation }) }, spec };
    csiDriverBehaviour.setDefaults(object as CSIDriver);
    return object as CSIDriver;
  };

  it("has no generation until its specification changes", () => {
    const { strategy } = csiDriverBehaviour;
    const old = driver({});
    const same = driver({});
    strategy.prepareForUpdate(same, old, context);
    expect(same.metadata.generation).toBeUndefined();
    const now = driver({ podInfoOnMount: true });
    strategy.prepareForUpdate(now, old, context);
    expect(now.metadata.generation).toBe(1);
  });

  it("drops what a gate upstream keeps off", () => {
    const object = driver({ preventPodSchedulingIfMissing: true });
    csiDriverBehaviour.strategy.prepareForCreate(object, context);
    expect(object.spec).not.toHaveProperty("preventPodSchedulingIfMissing");
  });

  it("warns of tokens only when they change", () => {
    const old = driver({ tokenRequests: [{ audience: "a" }] });
    const { warningsOnUpdate } = csiDriverBehaviour.strategy;
    expect(warningsOnUpdate?.(driver({ tokenRequests: [{ audience: "a" }] }), old)).toEqual([]);
    expect(warningsOnUpdate?.(driver({ tokenRequests: [{ audience: "b" }] }), old)).toHaveLength(1);
  });
});

describe("CSINode", () => {
  const node = (drivers: CSINode["spec"]["drivers"]): CSINode => ({
    metadata: metadata("n"),
    spec: { drivers },
  });

  it("lets a driver's count change and nothing else of it", () => {
    const { strategy } = csiNodeBehaviour;
    const old = node([{ name: "a", nodeID: "1", allocatable: { count: 1 } }]);
    const more = node([{ name: "a", nodeID: "1", allocatable: { count: 2 } }]);
    expect(strategy.validateUpdate(more, old, context)).toEqual([]);
    const other = node([{ name: "a", nodeID: "2", allocatable: { count: 2 } }]);
    expect(texts(strategy.validateUpdate(other, old, context))).toEqual([
      'spec.drivers: Invalid value: {"Name":"a","NodeID":"2","TopologyKeys":null,"Allocatable":null}: field is immutable',
    ]);
  });
});

describe("VolumeAttachment", () => {
  const attachment = (status: VolumeAttachment["status"]): VolumeAttachment => ({
    metadata: metadata("a"),
    spec: { attacher: "d", nodeName: "n", source: { persistentVolumeName: "p" } },
    status,
  });

  it("limits what a driver says", () => {
    const judged = (status: Partial<VolumeAttachment["status"]>) => {
      const object = attachment({ attached: true, ...status });
      return texts(volumeAttachmentBehaviour.strategy.validate(object, context));
    };
    expect(judged({ attachError: { message: "m".repeat(1024) } })).toEqual([]);
    expect(judged({ attachError: { message: "m".repeat(1025) } })).toEqual([
      "status.attachError.message: Too long: may not be more than 262144 bytes",
    ]);
    expect(judged({ attachmentMetadata: { k: "v".repeat(256 * 1024) } })).toEqual([
      "status.attachmentMetadata: Too long: may not be more than 262144 bytes",
    ]);
  });
});

describe("VolumeAttributesClass", () => {
  it("is what it is", () => {
    const vac = (members: Partial<VolumeAttributesClass>): VolumeAttributesClass => ({
      metadata: metadata("v"),
      driverName: "d",
      parameters: { iops: "1" },
      ...members,
    });
    const now = vac({ driverName: "e", parameters: { iops: "2" } });
    const found = volumeAttributesClassBehaviour.strategy.validateUpdate(now, vac({}), context);
    expect(texts(found)).toEqual([
      "driverName: Forbidden: updates to driverName are forbidden.",
      "parameters: Forbidden: updates to parameters are forbidden.",
    ]);
  });
});
