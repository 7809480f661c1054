// The files of configMap, secret, downwardAPI and projected volumes.
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  Volume,
  VolumeProjection,
} from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import type { FileContent } from "../cri/host.ts";
import { fieldValue, type PodAddresses, resourceFieldValue } from "../pods/downward-api.ts";
import type { ReferencedObjects } from "../pods/referenced-objects.ts";

export interface VolumeContext extends PodAddresses {
  client: Client;
  references: ReferencedObjects;
  allocatable: Readonly<Record<string, string>>;
}

type Files = Map<string, FileContent>;

/** True for volumes whose files are made here (and made again when what they show changes). */
export const hasFiles = (volume: Volume): boolean =>
  volume.configMap !== undefined ||
  volume.secret !== undefined ||
  volume.downwardAPI !== undefined ||
  volume.projected !== undefined;

/** Path → content. Throws with upstream's text when something that is not optional is missing. */
export async function volumeFiles(
  volume: Volume,
  pod: Pod,
  context: VolumeContext,
): Promise<Files> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap !== undefined) return configMapFiles(configMap, pod, context);
  if (secret !== undefined) {
    return secretFiles({ ...secret, name: secret.secretName }, pod, context);
  }
  if (downwardAPI !== undefined) return downwardFiles(downwardAPI.items, pod, context);
  const files: Files = new Map();
  for (const source of projected?.sources ?? []) {
    for (const [path, content] of await projectionFiles(source, pod, context)) {
      files.set(path, content);
    }
  }
  return files;
}

async function projectionFiles(
  source: VolumeProjection,
  pod: Pod,
  context: VolumeContext,
): Promise<Files> {
  if (source.configMap !== undefined) return configMapFiles(source.configMap, pod, context);
  if (source.secret !== undefined) return secretFiles(source.secret, pod, context);
  if (source.downwardAPI !== undefined) {
    return downwardFiles(source.downwardAPI.items, pod, context);
  }
  const token = source.serviceAccountToken;
  if (token === undefined) return new Map();
  // Asked for when a process reads it: most simulated containers never do.
  const request = () => requestToken(pod, token, context);
  return new Map([[token.path, request]]);
}

interface Reference {
  name?: string | undefined;
  items?: KeyToPath[];
  optional?: boolean;
}

async function configMapFiles(of: Reference, pod: Pod, context: VolumeContext): Promise<Files> {
  const object = await ifThere(of, () =>
    context.references.configMap(pod.metadata.namespace ?? "", of.name ?? ""),
  );
  return pick(contentOf(object), of, "configmap");
}

async function secretFiles(of: Reference, pod: Pod, context: VolumeContext): Promise<Files> {
  const object = await ifThere(of, () =>
    context.references.secret(pod.metadata.namespace ?? "", of.name ?? ""),
  );
  const bytes = Object.entries(object?.data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, "base64")] as const,
  );
  return pick(new Map(bytes), of, "secret");
}

async function ifThere<T extends ConfigMap | Secret>(
  { optional }: Reference,
  get: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (optional === true && isNotFound(error)) return undefined;
    throw error;
  }
}

function contentOf(configMap: ConfigMap | undefined): Map<string, Uint8Array> {
  const content = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(configMap?.data ?? {})) {
    content.set(key, Buffer.from(text));
  }
  for (const [key, base64] of Object.entries(configMap?.binaryData ?? {})) {
    content.set(key, Buffer.from(base64, "base64"));
  }
  return content;
}

/** All keys, or those of `items` under their paths. */
function pick(
  content: ReadonlyMap<string, Uint8Array>,
  { items, optional }: Reference,
  kind: "configmap" | "secret",
): Files {
  if (items === undefined || items.length === 0) return new Map(content);
  const files: Files = new Map();
  for (const { key, path } of items) {
    const bytes = content.get(key);
    if (bytes !== undefined) files.set(path, bytes);
    else if (optional !== true) {
      throw new Error(
        kind === "configmap"
          ? `configmap references non-existent config key: ${key}`
          : `references non-existent secret key: ${key}`,
      );
    }
  }
  return files;
}

function downwardFiles(
  items: readonly DownwardAPIVolumeFile[] | undefined,
  pod: Pod,
  context: VolumeContext,
): Files {
  const files: Files = new Map();
  for (const { path, fieldRef, resourceFieldRef } of items ?? []) {
    if (fieldRef !== undefined) files.set(path, Buffer.from(fieldValue(fieldRef, pod, context)));
    else if (resourceFieldRef !== undefined) {
      const text = resourceFieldValue(resourceFieldRef, pod, undefined, context.allocatable);
      files.set(path, Buffer.from(text));
    }
  }
  return files;
}

async function requestToken(
  pod: Pod,
  token: { audience?: string; expirationSeconds?: number },
  { client }: VolumeContext,
): Promise<Uint8Array> {
  const { namespace, name, uid } = pod.metadata;
  const account = pod.spec.serviceAccountName ?? "default";
  const reply = await client.request(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    {
      body: {
        kind: "TokenRequest",
        apiVersion: "authentication.k8s.io/v1",
        metadata: {},
        spec: {
          audiences: token.audience ? [token.audience] : [],
          expirationSeconds: token.expirationSeconds ?? 3600,
          boundObjectRef: { kind: "Pod", apiVersion: "v1", name, uid },
        },
      },
    },
  );
  const { status } = reply as { status?: { token?: string } };
  return Buffer.from(status?.token ?? "");
}
