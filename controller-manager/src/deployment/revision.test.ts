import { describe, expect, it } from "vitest";
import { deployment, template } from "./fixture.ts";
import { newReplicaSet } from "./new-replica-set.ts";
import { currentAnnotations, REVISION, REVISION_HISTORY } from "./revision.ts";
import { templateHash } from "./template-hash.ts";

describe("currentAnnotations", () => {
  const subject = deployment(1);
  subject.metadata.annotations = {
    team: "a",
    [REVISION]: "7",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
  };

  it("copies the Deployment's, except those that are its own", () => {
    expect(currentAnnotations(subject, undefined, 0)).toEqual({ team: "a", [REVISION]: "1" });
  });

  it("keeps the revision while no other is higher", () => {
    expect(currentAnnotations(subject, { [REVISION]: "5" }, 4)).toEqual({
      team: "a",
      [REVISION]: "5",
    });
  });

  it("writes history when an old one becomes current again", () => {
    const once = currentAnnotations(subject, { [REVISION]: "1" }, 2);
    expect(once).toMatchObject({ [REVISION]: "3", [REVISION_HISTORY]: "1" });
    expect(currentAnnotations(subject, once, 4)).toMatchObject({
      [REVISION]: "5",
      [REVISION_HISTORY]: "1,3",
    });
  });

  it("drops the oldest history when it becomes too long", () => {
    const history = Array.from({ length: 500 }, (_, i) => String(100 + i)).join(",");
    const before = { [REVISION]: "700", [REVISION_HISTORY]: history };
    const after = currentAnnotations(subject, before, 800)[REVISION_HISTORY] as string;
    expect(after.length).toBeLessThanOrEqual(2000);
    expect(after.startsWith("101,")).toBe(true);
    expect(after.endsWith(",599,700")).toBe(true);
  });
});

describe("templateHash", () => {
  it("depends on content, not on order, and on collisions", () => {
    const hash = templateHash(template("a"));
    const { metadata, spec } = template("a");
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{6,10}$/);
    expect(templateHash({ spec, metadata })).toBe(hash);
    expect(templateHash(template("b"))).not.toBe(hash);
    expect(templateHash(template("a"), 1)).not.toBe(hash);
  });
});

describe("newReplicaSet", () => {
  it("selects and labels its Pods by the hash, and is owned", () => {
    const made = newReplicaSet(deployment(4), [], 3);
    const hash = templateHash(template("new"));
    expect(made).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        labels: { app: "web", "pod-template-hash": hash },
        annotations: {
          [REVISION]: "1",
          "deployment.kubernetes.io/desired-replicas": "4",
          "deployment.kubernetes.io/max-replicas": "5",
        },
        ownerReferences: [
          { kind: "Deployment", uid: "uid-web", controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: "web", "pod-template-hash": hash } },
        template: { metadata: { labels: { app: "web", "pod-template-hash": hash } } },
      },
    });
  });

  it("never has too long a name", () => {
    const long = deployment(1);
    long.metadata.name = "n".repeat(253);
    expect(newReplicaSet(long, [], 1).metadata.name).toHaveLength(253);
  });
});
