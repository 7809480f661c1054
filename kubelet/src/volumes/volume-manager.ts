// Prepares a Pod's volumes on the host before its containers start, keeps those that show API objects up to date, and removes them.
import type { Container, Pod, Volume } from "@coracle/shared/api/types/core-v1";
import type { Host } from "../cri/host.ts";
import type { Mount } from "../cri/runtime.ts";
import { expand } from "../pods/environment.ts";
import { referenceError } from "../pods/referenced-objects.ts";
import { StartError } from "../pods/start-error.ts";
import { hasFiles, type VolumeContext, volumeFiles } from "./volume-files.ts";

const MESSAGE_BYTES_MAX = 4096;

export const podDirectory = (uid: string): string => `/var/lib/kubelet/pods/${uid}`;

export class VolumeManager {
  readonly #host: Host;
  readonly #prepared = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Idempotent. Throws StartError (FailedMount) naming the first volume that cannot be set up. */
  async prepare(pod: Pod, context: VolumeContext): Promise<void> {
    const { uid } = pod.metadata;
    if (this.#prepared.has(uid)) return;
    for (const volume of pod.spec.volumes ?? []) {
      const path = hostPathOf(pod, volume);
      this.#host.createDirectory(path);
      if (hasFiles(volume)) await this.#fill(volume, path, pod, context);
    }
    this.#prepared.add(uid);
  }

  /** Makes the files of volumes that show API objects again. */
  async refresh(pod: Pod, context: VolumeContext): Promise<void> {
    if (!this.#prepared.has(pod.metadata.uid)) return;
    for (const volume of pod.spec.volumes ?? []) {
      if (hasFiles(volume)) await this.#fill(volume, hostPathOf(pod, volume), pod, context);
    }
  }

  /** A container's mounts, its termination log included. */
  mounts(pod: Pod, container: Container, env: ReadonlyMap<string, string>): Mount[] {
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
      if (volume === undefined) continue;
      const below = mount.subPathExpr
        ? expand(mount.subPathExpr, (name) => env.get(name))
        : (mount.subPath ?? "");
      const root = hostPathOf(pod, volume);
      mounts.push({
        containerPath: mount.mountPath,
        hostPath: below === "" ? root : `${root}/${below}`,
        readonly: mount.readOnly === true || hasFiles(volume),
      });
    }
    return mounts;
  }

  /** Where what a container writes to its terminationMessagePath ends up. */
  async terminationLog(pod: Pod, container: Container, attempt: number): Promise<Mount> {
    const directory = `${podDirectory(pod.metadata.uid)}/containers/${container.name}/${attempt}`;
    await this.#host.replaceFiles(directory, new Map([["log", new Uint8Array()]]));
    return {
      containerPath: container.terminationMessagePath ?? "/dev/termination-log",
      hostPath: `${directory}/log`,
      readonly: false,
    };
  }

  /** What a container has written there, cut to upstream's 4 KiB; undefined for nothing. */
  async terminationMessage(
    uid: string,
    name: string,
    attempt: number,
  ): Promise<string | undefined> {
    const path = `${podDirectory(uid)}/containers/${name}/${attempt}/log`;
    const bytes = await this.#host.readFile(path);
    if (bytes === undefined || bytes.length === 0) return undefined;
    return Buffer.from(bytes.subarray(0, MESSAGE_BYTES_MAX)).toString();
  }

  /** A container of the past has been removed. */
  forgetAttempt(uid: string, name: string, attempt: number): void {
    this.#host.remove(`${podDirectory(uid)}/containers/${name}/${attempt}`);
  }

  release(uid: string): void {
    this.#prepared.delete(uid);
    this.#host.remove(podDirectory(uid));
  }

  async #fill(volume: Volume, path: string, pod: Pod, context: VolumeContext): Promise<void> {
    try {
      await this.#host.replaceFiles(path, await volumeFiles(volume, pod, context));
    } catch (error) {
      const why = referenceError(error);
      throw new StartError(
        "FailedMount",
        `MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${why}`,
      );
    }
  }
}

const PLUGINS: readonly (keyof Volume & string)[] = [
  "emptyDir",
  "configMap",
  "secret",
  "downwardAPI",
  "projected",
];

function hostPathOf(pod: Pod, volume: Volume): string {
  if (volume.hostPath !== undefined) return volume.hostPath.path.replace(/\/+$/, "") || "/host";
  const claim = volume.persistentVolumeClaim?.claimName;
  if (claim !== undefined) return `/var/lib/coracle/claims/${pod.metadata.namespace}/${claim}`;
  const plugin = PLUGINS.find((name) => volume[name] !== undefined) ?? "emptyDir";
  const folder = plugin.replace(/[A-Z]+/g, (capitals) => `-${capitals.toLowerCase()}`);
  return `${podDirectory(pod.metadata.uid)}/volumes/kubernetes.io~${folder}/${volume.name}`;
}
