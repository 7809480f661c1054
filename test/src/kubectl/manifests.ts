// Small objects that several cases begin with.

export const pod = (name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name }, ...metadata },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "i" }], ...more },
});

/** Stays Pending. */
export const unplacedPod = (name: string) => pod(name, { nodeSelector: { none: "such" } });

/** Runs a shell script. */
export const scriptPod = (name: string, ...scripts: string[]) =>
  pod(name, {
    restartPolicy: "Never",
    containers: scripts.map((script, i) => ({
      name: i === 0 ? "c" : `c${i + 1}`,
      image: "busybox",
      command: ["sh", "-c", script],
    })),
  });

export const configMap = (name: string, data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

const template = (name: string, image: string) => ({
  metadata: { labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image }] },
});

const workload = (kind: string, name: string, spec: object, image: string) => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: template(name, image),
    ...spec,
  },
});

export const deployment = (name: string, replicas = 2, image = "web:1") =>
  workload("Deployment", name, { replicas }, image);

export const daemonSet = (name: string, image = "agent:1") =>
  workload("DaemonSet", name, {}, image);

export const statefulSet = (name: string, replicas = 2, image = "db:1") =>
  workload("StatefulSet", name, { replicas, serviceName: name }, image);

export const list = (...items: object[]) => ({ apiVersion: "v1", kind: "List", items });

/** YAML documents: JSON is YAML, but what begins with `{` is taken for JSON alone. */
export const documents = (...objects: object[]): string =>
  objects.map((object) => `# a document\n${JSON.stringify(object)}`).join("\n---\n");

/** Since 1.33 or so, kubectl names the namespace too. */
export const deleted = (what: string): RegExp =>
  new RegExp(`^${what} deleted( from \\S+ namespace)?\\n$`);
