// One object of each built-in kind that is stored, in each of its versions, as small as the server takes it.
import { createHash } from "node:crypto";
import { type Document, minimalPolicies } from "./minimal-policies.ts";

const labels = { app: "minimal" };
const podSpec = { containers: [{ name: "c", image: "i" }] };
const template = { metadata: { labels }, spec: podSpec };
const never = { spec: { ...podSpec, restartPolicy: "Never" } };
const storage = { resources: { requests: { storage: "1Gi" } } };
const claim = { ...storage, accessModes: ["ReadWriteOnce"] };
const zeroTime = "2026-01-02T03:04:05.000000Z";
const rbac = "rbac.authorization.k8s.io";
const target = { apiVersion: "apps/v1", kind: "Deployment", name: "minimal" };

const core = (name: string): Document[] =>
  [
    { kind: "ConfigMap", data: { key: "value" } },
    { kind: "Endpoints", subsets: [{ addresses: [{ ip: "10.9.8.7" }], ports: [{ port: 80 }] }] },
    {
      kind: "Event",
      involvedObject: { kind: "Pod", namespace: "$namespace", name },
      reason: "Tested",
      message: "minimal",
      type: "Normal",
    },
    { kind: "LimitRange", spec: { limits: [{ type: "Container", max: { cpu: "64" } }] } },
    { kind: "Namespace" },
    { kind: "Node", spec: { taints: [{ key: "example.com/minimal", effect: "NoSchedule" }] } },
    { kind: "PersistentVolumeClaim", spec: claim },
    {
      kind: "PersistentVolume",
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteOnce"],
        hostPath: { path: "/tmp" },
      },
    },
    { kind: "Pod", spec: podSpec },
    { kind: "PodTemplate", template },
    { kind: "ReplicationController", spec: { replicas: 0, selector: labels, template } },
    { kind: "ResourceQuota", spec: { hard: { secrets: "1000" } } },
    { kind: "Secret", stringData: { key: "value" } },
    { kind: "ServiceAccount" },
    { kind: "Service", spec: { ports: [{ port: 80 }] } },
  ].map((object) => ({ apiVersion: "v1", ...object }));

const workloads: Document[] = [
  { apiVersion: "apps/v1", kind: "ControllerRevision", data: {}, revision: 1 },
  {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    spec: { selector: { matchLabels: labels }, template },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: { replicas: 0, selector: { matchLabels: labels }, template },
  },
  {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    spec: { replicas: 0, selector: { matchLabels: labels }, template },
  },
  {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    spec: { replicas: 0, serviceName: "minimal", selector: { matchLabels: labels }, template },
  },
  {
    apiVersion: "batch/v1",
    kind: "CronJob",
    spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: never } } },
  },
  { apiVersion: "batch/v1", kind: "Job", spec: { template: never } },
  {
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "minimal-v1" },
    spec: { maxReplicas: 2, scaleTargetRef: target },
  },
  {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    spec: { maxReplicas: 2, scaleTargetRef: target },
  },
  {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  },
  { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", value: 1 },
];

/** Another for each name. */
const addressOf = (name: string): string => {
  const sum = createHash("sha256").update(name).digest();
  return `10.7.${sum[0]}.${sum[1]}`;
};

const network = (name: string): Document[] => [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    spec: { controller: "example.com/c" },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    spec: { defaultBackend: { service: { name, port: { number: 80 } } } },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "IPAddress",
    metadata: { name: addressOf(name) },
    spec: { parentRef: { resource: "services", namespace: "default", name } },
  },
  { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", spec: { podSelector: {} } },
  { apiVersion: "networking.k8s.io/v1", kind: "ServiceCIDR", spec: { cidrs: ["10.77.0.0/24"] } },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.9.8.7"] }],
  },
  { apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
  {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${name}.event` },
    eventTime: zeroTime,
    reportingController: "example.com/c",
    reportingInstance: "c-1",
    action: "Testing",
    reason: "Tested",
    type: "Normal",
    regarding: { kind: "Pod", namespace: "$namespace", name },
  },
];

const access = (name: string): Document[] => [
  { apiVersion: `${rbac}/v1`, kind: "ClusterRole", rules: [] },
  { apiVersion: `${rbac}/v1`, kind: "Role", rules: [] },
  ...["ClusterRoleBinding", "RoleBinding"].map((kind) => ({
    apiVersion: `${rbac}/v1`,
    kind,
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
  })),
  {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `v1.${name}.example.com` },
    spec: {
      group: `${name}.example.com`,
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 10,
    },
  },
];

const volumes: Document[] = [
  { kind: "CSIDriver", spec: {} },
  { kind: "CSINode", spec: { drivers: [] } },
  { kind: "CSIStorageCapacity", storageClassName: "minimal" },
  { kind: "StorageClass", provisioner: "example.com/p" },
  {
    kind: "VolumeAttachment",
    spec: { attacher: "example.com", nodeName: "node", source: { persistentVolumeName: "pv" } },
  },
  { kind: "VolumeAttributesClass", driverName: "example.com", parameters: { a: "b" } },
].map((object) => ({ apiVersion: "storage.k8s.io/v1", ...object }));

const devices: Document[] = [
  { kind: "DeviceClass", spec: {} },
  { kind: "ResourceClaim", spec: {} },
  { kind: "ResourceClaimTemplate", spec: { spec: {} } },
  {
    kind: "ResourceSlice",
    spec: {
      driver: "example.com",
      nodeName: "node",
      pool: { name: "pool", generation: 1, resourceSliceCount: 1 },
    },
  },
].map((object) => ({ apiVersion: "resource.k8s.io/v1", ...object }));

const groups: Document[] = [
  {
    apiVersion: "node.k8s.io/v1",
    kind: "RuntimeClass",
    handler: "minimal",
  },
  {
    apiVersion: "scheduling.k8s.io/v1alpha2",
    kind: "PodGroup",
    spec: { schedulingPolicy: { basic: {} } },
  },
  {
    apiVersion: "scheduling.k8s.io/v1alpha2",
    kind: "Workload",
    spec: { podGroupTemplates: [{ name: "g", schedulingPolicy: { basic: {} } }] },
  },
];

/** A CertificateSigningRequest is not among them: it holds a key (kubectl/signing-request.ts). */
export function minimalObjects(name: string, namespace: string): Document[] {
  const all = [
    ...core(name),
    ...workloads,
    ...network(name),
    ...access(name),
    ...volumes,
    ...devices,
    ...groups,
    ...minimalPolicies,
  ];
  return all.map((object) => {
    const filled = JSON.parse(JSON.stringify(object).replaceAll("$namespace", namespace));
    return { ...filled, metadata: { name, ...filled.metadata } } as Document;
  });
}
