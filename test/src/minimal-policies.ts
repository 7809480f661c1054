// Of minimal-objects.ts: what judges other objects or requests.

export interface Document {
  apiVersion: string;
  kind: string;
  metadata?: { name: string };
  [member: string]: unknown;
}

const admission = "admissionregistration.k8s.io/v1";
const rules = [
  { apiGroups: [""], apiVersions: ["v1"], resources: ["podtemplates"], operations: ["CREATE"] },
];
/** Nothing that a test creates matches. */
const objectSelector = { matchLabels: { "example.com/judged": "yes" } };

const webhook = {
  name: "minimal.example.com",
  clientConfig: { url: "https://127.0.0.1:1/judge" },
  rules,
  objectSelector,
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  failurePolicy: "Ignore",
};

const webhooks: Document[] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map(
  (kind) => ({ apiVersion: admission, kind, webhooks: [webhook] }),
);

const matchConstraints = { resourceRules: rules, objectSelector };

const policies: Document[] = [
  {
    apiVersion: admission,
    kind: "MutatingAdmissionPolicy",
    spec: {
      reinvocationPolicy: "Never",
      matchConstraints,
      mutations: [
        {
          patchType: "ApplyConfiguration",
          applyConfiguration: {
            expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}',
          },
        },
      ],
    },
  },
  {
    apiVersion: admission,
    kind: "MutatingAdmissionPolicyBinding",
    spec: { policyName: "minimal" },
  },
  {
    apiVersion: admission,
    kind: "ValidatingAdmissionPolicy",
    spec: { matchConstraints, validations: [{ expression: "true" }] },
  },
  {
    apiVersion: admission,
    kind: "ValidatingAdmissionPolicyBinding",
    spec: { policyName: "minimal", validationActions: ["Deny"] },
  },
];

const flow: Document[] = [
  {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "FlowSchema",
    spec: { priorityLevelConfiguration: { name: "minimal" }, matchingPrecedence: 9000 },
  },
  {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "PriorityLevelConfiguration",
    spec: {
      type: "Limited",
      limited: { nominalConcurrencyShares: 1, limitResponse: { type: "Reject" } },
    },
  },
];

export const minimalPolicies: readonly Document[] = [...webhooks, ...policies, ...flow];
