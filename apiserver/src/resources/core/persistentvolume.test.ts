import type { PersistentVolume, PersistentVolumeSpec } from "@coracle/shared/api/types/core-v1";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { describe, expect, it } from "vitest";
import type { RequestContext } from "../../registry/strategy.ts";
import { persistentVolumeBehaviour } from "./persistentvolume.ts";

const NOW = Date.UTC(2026, 0, 1);
const context = { now: NOW } as RequestContext;
const texts = (errors: readonly FieldError[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`);

function volume(spec: PersistentVolumeSpec, status: PersistentVolume["status"] = {}) {
  const object: PersistentVolume = {
    metadata: {
      name: "v",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
    } as never,
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], ...spec },
    status,
  };
  persistentVolumeBehaviour.setDefaults(object);
  return object;
}

const { strategy, statusStrategy } = persistentVolumeBehaviour;

describe("the path of a volume that is recycled", () => {
  const judged = (path: string) => {
    const recycled = volume({ hostPath: { path }, persistentVolumeReclaimPolicy: "Recycle" });
    return texts(strategy.validate(recycled, context));
  };
  const refused = "spec.persistentVolumeReclaimPolicy: Forbidden";

  it.each(["/", "//", "/./", "/."])("may not be the root as %s", (path) => {
    expect(judged(path)).toContain(`${refused}: may not be 'recycle' for a hostPath mount of '/'`);
  });

  it.each(["/data", "/a/b", "."])("may be %s", (path) => {
    expect(judged(path)).toEqual([]);
  });
});

describe("a source", () => {
  const csi = { driver: "d", volumeHandle: "h" };
  const secret = { name: "s", namespace: "n" };

  it("takes the secret for growing afterwards, once", () => {
    const before = volume({ csi });
    const after = volume({ csi: { ...csi, controllerExpandSecretRef: secret } });
    expect(strategy.validateUpdate(after, before, context)).toEqual([]);
    const [error] = strategy.validateUpdate(before, after, context);
    expect(error?.field).toBe("spec.persistentvolumesource");
    expect(error?.message).toContain('-  "ControllerExpandSecretRef": {\n');
  });

  it("is named in the difference as upstream's own types have it", () => {
    const nfs = volume({ nfs: { server: "s", path: "/p" } });
    const [error] = strategy.validateUpdate(nfs, volume({ csi }), context);
    expect(error?.message).toContain('+ "NFS": {\n+  "Server": "s",\n+  "Path": "/p",\n');
  });
});

describe("the node affinity of a volume", () => {
  const on = (key: string, value = "a") =>
    volume({
      hostPath: { path: "/x" },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: [value] }] }],
        },
      },
    });
  const old = on("failure-domain.beta.kubernetes.io/zone");

  it("may leave beta", () => {
    expect(strategy.validateUpdate(on("topology.kubernetes.io/zone"), old, context)).toEqual([]);
  });

  it("may not change otherwise", () => {
    for (const now of [
      on("topology.kubernetes.io/zone", "b"),
      on("topology.kubernetes.io/region"),
    ]) {
      const [error] = strategy.validateUpdate(now, old, context);
      expect(error?.message).toMatch(
        /field is immutable, except for updating from beta label to GA/,
      );
    }
  });
});

describe("the time of the last transition", () => {
  const at = (time: string | undefined, phase: "Available" | "Bound") =>
    volume(
      { hostPath: { path: "/x" } },
      { phase, ...(time === undefined ? {} : { lastPhaseTransitionTime: time }) },
    );
  const OLD = "2020-01-01T00:00:00Z";

  it.each([
    { now: at(undefined, "Bound"), expected: "2026-01-01T00:00:00Z", why: "a new phase" },
    { now: at(OLD, "Bound"), expected: "2026-01-01T00:00:00Z", why: "a new phase, old time" },
    { now: at("2021-01-01T00:00:00Z", "Bound"), expected: "2021-01-01T00:00:00Z", why: "a time" },
    { now: at(undefined, "Available"), expected: OLD, why: "the same phase" },
  ])("follows from $why", ({ now, expected }) => {
    statusStrategy?.prepareForUpdate(now, at(OLD, "Available"), context);
    expect(now.status.lastPhaseTransitionTime).toBe(expected);
  });
});
