import type { Pod, ServiceAccount } from "@coracle/shared/api/types/core-v1";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { seededRandom } from "@coracle/shared/runtime/random";
import { describe, expect, test } from "vitest";
import { admitPod, admitPodUpdate } from "./admission.ts";

const podOf = (spec: object = {}, metadata: object = {}): Pod =>
  ({
    metadata: { name: "p", namespace: "ns", ...metadata },
    spec: { containers: [{ name: "a", image: "x" }], ...spec },
    status: {},
  }) as unknown as Pod;

const accountOf = (rest: object = {}, annotations?: Record<string, string>): ServiceAccount =>
  ({ metadata: { name: "default", namespace: "ns", annotations }, ...rest }) as ServiceAccount;

function admitted(pod: Pod, serviceAccount: ServiceAccount | undefined = accountOf()): Pod {
  admitPod(pod, { serviceAccount, random: seededRandom(1) });
  return pod;
}

function refusal(pod: Pod, serviceAccount?: ServiceAccount): string {
  try {
    admitPod(pod, { serviceAccount, random: seededRandom(1) });
  } catch (error) {
    if (error instanceof StatusError && error.reason === "Forbidden") return error.message;
    throw error;
  }
  throw new Error("admitted");
}

describe("service account", () => {
  test("the token is mounted into every container that has nothing there", () => {
    const taken = "/var/run/secrets/kubernetes.io/serviceaccount";
    const { spec } = admitted(
      podOf({
        containers: [
          { name: "a", image: "x" },
          { name: "b", image: "x", volumeMounts: [{ name: "own", mountPath: taken }] },
        ],
      }),
    );
    expect(spec.serviceAccountName).toBe("default");
    expect(spec.serviceAccount).toBe("default");
    const name = spec.volumes?.[0]?.name;
    expect(name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(spec.containers[0]?.volumeMounts).toEqual([{ name, readOnly: true, mountPath: taken }]);
    expect(spec.containers[1]?.volumeMounts).toHaveLength(1);
  });

  test("the Pod's wish counts more than the account's", () => {
    const account = accountOf({ automountServiceAccountToken: false });
    expect(admitted(podOf(), account).spec.volumes).toBeUndefined();
    const pod = podOf({ automountServiceAccountToken: true });
    expect(admitted(pod, account).spec.volumes).toHaveLength(1);
  });

  test("pull secrets of the account", () => {
    const account = accountOf({ imagePullSecrets: [{ name: "registry" }] });
    expect(admitted(podOf(), account).spec.imagePullSecrets).toEqual([{ name: "registry" }]);
    const own = podOf({ imagePullSecrets: [{ name: "own" }] });
    expect(admitted(own, account).spec.imagePullSecrets).toEqual([{ name: "own" }]);
  });

  test.each<[string, object, string]>([
    ["p", {}, 'pods "p" is forbidden: '],
    ["a generated name", { name: "", generateName: "p-" }, 'pods "p-" is forbidden: '],
    ["no name at all", { name: "" }, 'pods "Unknown" is forbidden: '],
  ])("a missing account refuses %s", (_, metadata, start) => {
    expect(refusal(podOf({}, metadata))).toBe(
      `${start}error looking up service account ns/default: serviceaccount "default" not found`,
    );
  });

  const enforcing = accountOf(
    { secrets: [{ name: "mine" }] },
    { "kubernetes.io/enforce-mountable-secrets": "true" },
  );
  const not = "is not allowed because service account default does not reference that secret";

  test.each<[string, object, string]>([
    [
      "volume",
      { volumes: [{ name: "v", secret: { secretName: "other" } }] },
      `volume with secret.secretName="other" ${not}`,
    ],
    [
      "variable",
      {
        containers: [
          { name: "a", env: [{ name: "V", valueFrom: { secretKeyRef: { name: "other" } } }] },
        ],
      },
      `container a with envVar V referencing secret.secretName="other" ${not}`,
    ],
    [
      "environment",
      { initContainers: [{ name: "i", envFrom: [{ secretRef: { name: "other" } }] }] },
      `init container i with envFrom referencing secret.secretName="other" ${not}`,
    ],
    [
      "pull secret",
      { imagePullSecrets: [{ name: "other" }] },
      'imagePullSecrets[0].name="other" is not allowed because service account default does not reference that imagePullSecret',
    ],
  ])("an account may limit the secrets: %s", (_, spec, words) => {
    expect(refusal(podOf(spec), enforcing)).toBe(`pods "p" is forbidden: ${words}`);
  });

  const mirror = { annotations: { "kubernetes.io/config.mirror": "x" } };

  test.each<[string, object, string]>([
    ["an account", { serviceAccountName: "x" }, "a mirror pod may not reference service accounts"],
    [
      "a secret",
      { volumes: [{ name: "v", secret: { secretName: "s" } }] },
      "a mirror pod may not reference secrets",
    ],
    [
      "a token",
      { volumes: [{ name: "v", projected: { sources: [{ serviceAccountToken: {} }] } }] },
      "a mirror pod may not use ServiceAccountToken volume projections",
    ],
  ])("a mirror Pod with %s", (_, spec, words) => {
    expect(refusal(podOf(spec, mirror))).toBe(`pods "p" is forbidden: ${words}`);
  });

  test("a mirror Pod needs no account", () => {
    const { spec } = admitted(podOf({}, mirror), undefined);
    expect(spec.serviceAccountName).toBeUndefined();
    expect(spec.volumes).toBeUndefined();
  });
});

describe("priority", () => {
  test("a class that the caller knows", () => {
    const pod = podOf({ priorityClassName: "high" });
    const priorityClass = (name: string) =>
      name === "high" ? { value: 7, preemptionPolicy: "Never" as const } : undefined;
    admitPod(pod, { serviceAccount: accountOf(), priorityClass, random: seededRandom(1) });
    expect(pod.spec).toMatchObject({ priority: 7, preemptionPolicy: "Never" });
  });

  test.each<[object, string]>([
    [{ priorityClassName: "high" }, "no PriorityClass with name high was found"],
    [
      { priority: 4 },
      "the integer value of priority (4) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name",
    ],
    [
      { preemptionPolicy: "Never" },
      "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
    ],
  ])("%j is refused", (spec, words) => {
    expect(refusal(podOf(spec), accountOf())).toBe(`pods "p" is forbidden: ${words}`);
  });

  test("an update keeps what it leaves out", () => {
    const old = admitted(podOf());
    const pod = podOf();
    admitPodUpdate(pod, old);
    expect(pod.spec).toMatchObject({ priority: 0, preemptionPolicy: "PreemptLowerPriority" });
    expect(pod.spec.tolerations).toEqual(old.spec.tolerations);
  });
});
