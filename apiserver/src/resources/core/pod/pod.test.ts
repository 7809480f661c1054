// Rows of testdata are requests and what a kube-apiserver 1.36.3 answered (dryRun=All): the Pod as created with its warnings,
// the causes of a refusal, or the words of admission's.
import type { Pod, ServiceAccount } from "@coracle/shared/api/types/core-v1";
import { invalid, StatusError } from "@coracle/shared/machinery/status-error";
import { seededRandom } from "@coracle/shared/runtime/random";
import { describe, expect, test } from "vitest";
import { decodeObject } from "../../../encoding/decode.ts";
import { validateObjectMeta } from "../../metadata-validation.ts";
import { admitPod } from "./admission.ts";
import { validateOverhead } from "./class-admission.ts";
import { podBehaviour } from "./pod.ts";
import created from "./testdata/created.json" with { type: "json" };
import refused from "./testdata/refused.json" with { type: "json" };

const KIND = { group: "", version: "v1", kind: "Pod" };
const context = { now: Date.UTC(2026, 0, 1), user: { name: "test", groups: [] }, apiVersion: "v1" };
const priorityClass = (name: string) =>
  name === "system-node-critical"
    ? { value: 2_000_001_000, preemptionPolicy: "PreemptLowerPriority" as const }
    : undefined;
const serviceAccount = { metadata: { name: "default", namespace: "podcase" } } as ServiceAccount;

function decodePod(input: object): Pod {
  const body = Buffer.from(JSON.stringify(input));
  return decodeObject(body, "application/json", KIND, "Ignore").object as unknown as Pod;
}

/** As the API server's create handler does it. */
function create(input: object): Pod {
  const pod = decodePod(input);
  pod.metadata.namespace ||= "podcase";
  podBehaviour.setDefaults(pod);
  admitPod(pod, { serviceAccount, priorityClass, random: seededRandom(1) });
  podBehaviour.strategy.prepareForCreate(pod, context);
  const errors = [
    ...validateObjectMeta(pod.metadata, true, podBehaviour.validateName),
    ...podBehaviour.strategy.validate(pod, context),
  ];
  if (errors.length > 0) throw invalid(KIND, pod.metadata.name, errors);
  validateOverhead(pod, {});
  return pod;
}

function refusalOf(input: object): StatusError {
  try {
    create(input);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("created");
}

/** The volume's name is made up, and times differ. */
function comparable(pod: Pod): unknown {
  const text = JSON.stringify(pod, (key, value) =>
    key === "lastTransitionTime" ? undefined : (value as unknown),
  );
  return JSON.parse(text.replace(/kube-api-access-\w{5}/g, "kube-api-access-X"));
}

describe("a Pod is created as upstream creates it", () => {
  test.each(created.map((row) => [row.name, row] as const))("%s", (_, row) => {
    const pod = create(row.pod);
    expect(comparable(pod)).toEqual(row.created);
    const warnings = podBehaviour.strategy.warningsOnCreate?.(pod);
    expect(warnings).toEqual("warnings" in row ? row.warnings : []);
  });

  test.each(created.map((row) => [row.name, row] as const))("twice defaulted: %s", (_, row) => {
    const pod = create(row.pod);
    const before = structuredClone(pod);
    podBehaviour.setDefaults(pod);
    expect(pod).toEqual(before);
  });
});

describe("a Pod is refused as upstream refuses it", () => {
  test.each(refused.map((row) => [row.name, row] as const))("%s", (_, row) => {
    const { status } = refusalOf(row.pod);
    if ("causes" in row) {
      const causes = status.details?.causes?.map((c) => `${c.field}: ${c.reason}: ${c.message}`);
      expect(causes).toEqual(row.causes);
    } else {
      expect(status.message).toBe(row.refusal);
    }
  });
});

describe("graceful deletion", () => {
  const period = (spec: object, phase: string, requested?: number) => {
    const pod = { metadata: { name: "p" }, spec, status: { phase } } as unknown as Pod;
    return podBehaviour.graceful?.gracePeriodSeconds(pod, requested);
  };
  const bound = { nodeName: "n1", terminationGracePeriodSeconds: 30 };

  test.each<[string, object, string, number | undefined, number]>([
    ["a Pod without a node goes at once", { terminationGracePeriodSeconds: 30 }, "Pending", 10, 0],
    ["a finished Pod goes at once", bound, "Succeeded", undefined, 0],
    ["a failed Pod goes at once", bound, "Failed", 5, 0],
    ["the Pod's own period", bound, "Running", undefined, 30],
    ["the client's period", bound, "Running", 5, 5],
    ["the client's zero", bound, "Running", 0, 0],
    ["a negative period", bound, "Running", -1, 1],
  ])("%s", (_, spec, phase, requested, seconds) => {
    expect(period(spec, phase, requested)).toBe(seconds);
  });
});

test("fields to select by", () => {
  const pod = create({
    metadata: { name: "p" },
    spec: { hostNetwork: true, nodeName: "n1", containers: [{ name: "a", image: "x:1" }] },
  });
  expect(podBehaviour.selectableFields?.(pod)).toEqual({
    "spec.nodeName": "n1",
    "spec.restartPolicy": "Always",
    "spec.schedulerName": "default-scheduler",
    "spec.serviceAccountName": "default",
    "spec.hostNetwork": "true",
    "status.phase": "Pending",
    "status.podIP": "",
    "status.nominatedNodeName": "",
  });
});
