// Calls each method about one kind once, in an order in which each finds what it needs.
import {
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
} from "@kubernetes/client-node";
import type { ApiClass, Call, Method } from "./generated-api.ts";

export interface Exercise {
  methods: readonly Method[];
  call(method: string): Call;
  namespace: string;
  /** A new object, that no call has created yet. */
  make(): Promise<KubernetesObject>;
  /** The body of a subresource that is created: an Eviction, a Binding. */
  bodyOf(method: Method, name: string): object;
  /** The name of an object that is there, for a kind that cannot be created. */
  existing: string;
  /** Called with each method's name when it has been answered. */
  done(method: string): void;
}

const LABEL = "exercised=yes";
const VERBS = ["create", "read", "list", "patch", "replace", "delete", "deleteCollection"];
const asMergePatch = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

const rank = ({ verb, subresource }: Method): number =>
  VERBS.indexOf(verb) + (subresource === "" || verb.startsWith("delete") ? 0 : 0.5);

/** Throws what the first method that fails throws. */
export async function exercise(one: Exercise): Promise<void> {
  const { call, namespace } = one;
  const ordered = [...one.methods]
    .filter(({ verb, subresource }) => !(verb === "create" && subresource !== ""))
    .sort((a, b) => rank(a) - rank(b));
  const creations = one.methods.filter((m) => m.verb === "create" && m.subresource !== "");
  let name = one.existing;
  const create = async () => {
    const method = one.methods.find((m) => m.verb === "create" && m.subresource === "");
    if (method === undefined) return;
    const object = labelled(await one.make());
    await call(method.name)({ namespace, body: object });
    name = object.metadata?.name ?? "";
    one.done(method.name);
  };
  await create();
  for (const method of ordered) {
    if (method.verb === "create") continue;
    await callOne(method, name, one);
    if (method.verb === "delete") await create();
  }
  for (const method of creations) {
    await create();
    await call(method.name)({ namespace, name, body: one.bodyOf(method, name) });
    one.done(method.name);
  }
}

async function callOne(method: Method, name: string, one: Exercise): Promise<void> {
  const { call, namespace } = one;
  const target = { namespace, name };
  switch (method.verb) {
    case "list":
      await call(method.name)({ namespace, labelSelector: LABEL });
      break;
    case "deleteCollection":
      await call(method.name)({ namespace, labelSelector: LABEL });
      break;
    case "patch":
      await call(method.name)({ ...target, body: patchOf(method) }, asMergePatch);
      break;
    case "replace": {
      const read = `read${method.name.slice("replace".length)}`;
      const isReadable = one.methods.some((m) => m.name === read);
      const source = isReadable ? read : read.slice(0, -method.subresource.length);
      await call(method.name)({ ...target, body: await call(source)(target) });
      break;
    }
    default:
      await call(method.name)(target);
  }
  one.done(method.name);
}

const patchOf = ({ subresource }: Method): object =>
  subresource === "scale"
    ? { spec: { replicas: 0 } }
    : { metadata: { annotations: { patched: "yes" } } };

/** Reviews have no name, and must have no labels. */
function labelled(object: KubernetesObject): KubernetesObject {
  if (object.metadata?.name === undefined) return object;
  const [key = "", value = ""] = LABEL.split("=");
  const { eventTime } = object as { eventTime?: string };
  return {
    ...object,
    ...(eventTime !== undefined && { eventTime: new V1MicroTime(eventTime) }),
    metadata: { ...object.metadata, labels: { [key]: value } },
  };
}

export const kindsOf = ({ methods }: ApiClass): string[] =>
  [...new Set(methods.map(({ kind }) => kind))].filter((kind) => kind !== "");
