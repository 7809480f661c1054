// The file system that a container's processes see: the image's files, those that every container has, and its mounts.
import { type IFileSystem, InMemoryFs, MountableFs } from "just-bash";
import type { Mount } from "../runtime.ts";
import { VolumeView } from "./mapped-file-system.ts";
import type { MemoryHost } from "./memory-host.ts";

// No /usr/bin: where there is one, the interpreter looks for its commands in it instead of in its own table.
const EVERYWHERE: Readonly<Record<string, string>> = {
  "/etc/os-release": 'NAME="Coracle simulated image"\nID=coracle\n',
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "/etc/resolv.conf": "search default.svc.cluster.local svc.cluster.local cluster.local\n",
  "/dev/null": "",
};

export interface ContainerFilesOptions {
  hostname: string;
  ip: string;
  imageFiles: Readonly<Record<string, string>>;
  mounts: readonly Mount[];
  host: MemoryHost;
}

export async function containerFiles(options: ContainerFilesOptions): Promise<IFileSystem> {
  const base = new InMemoryFs({
    ...EVERYWHERE,
    "/etc/hostname": `${options.hostname}\n`,
    "/etc/hosts": hostsFile(options.ip, options.hostname),
    ...options.imageFiles,
  });
  for (const directory of ["/root", "/tmp", "/usr/local", "/var/log", "/proc", "/home", "/opt"]) {
    base.mkdirSync(directory, { recursive: true });
  }
  const mounts: PlacedMount[] = [];
  for (const mount of options.mounts) {
    const view = await viewOf(mount, options.host);
    if (view !== undefined) mounts.push({ path: normalise(mount.containerPath), view });
  }
  return assemble(base, mounts);
}

interface PlacedMount {
  path: string;
  view: IFileSystem;
}

async function viewOf(mount: Mount, host: MemoryHost): Promise<IFileSystem | undefined> {
  const found = host.locate(mount.hostPath);
  if (found === undefined) return undefined;
  const volume = found.directory.fileSystem(() => new InMemoryFs({}));
  if (found.below !== "" && !(await volume.exists(`/${found.below}`))) {
    await volume.mkdir(`/${found.below}`, { recursive: true });
  }
  return new VolumeView(volume, found.below, mount);
}

/** The interpreter knows no mount inside a mount: the outer one becomes a file system with mounts of its own. */
function assemble(base: IFileSystem, mounts: readonly PlacedMount[]): IFileSystem {
  if (mounts.length === 0) return base;
  const mountable = new MountableFs({ base });
  const isInside = (inner: PlacedMount, outer: PlacedMount) =>
    inner.path.startsWith(`${outer.path}/`);
  for (const mount of mounts) {
    if (mounts.some((other) => isInside(mount, other))) continue;
    const inner = mounts
      .filter((other) => isInside(other, mount))
      .map(({ path, view }) => ({ path: path.slice(mount.path.length), view }));
    mountable.mount(mount.path, assemble(mount.view, inner));
  }
  return mountable;
}

const normalise = (path: string): string => `/${path.split("/").filter(Boolean).join("/")}`;

/** As upstream's kubelet manages it. */
const hostsFile = (ip: string, hostname: string): string =>
  "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
  `fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n${ip}\t${hostname}\n`;
