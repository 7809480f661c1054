// What a simulated image is. An image that is not in the table exists, holds no files of its own, and runs until it is stopped:
// a name that the shell interpreter does not know is one of the image's own programs.
//
// Declared by the reference:
//   `invalid/…`, `…/fail:…`, `…/fail` or a tag `fail`   cannot be pulled
//   a `registry.invalid/…` host                          cannot be resolved
// Declared by the Pod, per container (annotation `coracle.dev/simulate.<container>`, JSON): see `Behaviour`.
import { createHash } from "node:crypto";
import { type ImageReference, parseImageReference } from "../image-reference.ts";

/** How a container of an image acts. All members are optional in the annotation. */
export interface Behaviour {
  /** Files of the image: path → text. */
  files?: Record<string, string>;
  /** Lines that the image's own program writes when it starts. */
  logs?: string[];
  /** The image's own program ends by itself after so long. */
  exitAfterSeconds?: number;
  /** With what code it ends by itself, default 0. */
  exitCode?: number;
  /** How long it takes to stop when asked to, default 0. */
  stopSeconds?: number;
  /** Code with which it ends when asked to stop, default 0. */
  stopExitCode?: number;
  /** It does not react to the stop signal. */
  ignoresStopSignal?: boolean;
  /** How long a pull takes, default 0. */
  pullSeconds?: number;
  /** What an HTTP probe or a forwarded port gets, default 200. */
  httpStatus?: number;
  /** Connections are refused until so long after the start, default 0. */
  listensAfterSeconds?: number;
  /** Connections to these are refused. */
  closedPorts?: number[];
  /** Use that the figures tell: `250m`, `64Mi`. */
  cpu?: string;
  memory?: string;
}

interface CatalogImage extends Behaviour {
  /** Its programs are all known: any other name is not found, as in a real busybox. */
  isShellImage?: boolean;
  command?: string[];
}

const START_TOMCAT = "#!/bin/sh\nexec catalina.sh run\n";
const TOMCAT_LOG = ["INFO: Starting Servlet Engine: Apache Tomcat", "INFO: Server startup"];
const SAMPLE_WAR: CatalogImage = { files: { "/sample.war": "PK simulated web archive\n" } };
const SHELL: CatalogImage = { isShellImage: true, command: ["sh"] };

/** By the last part of the repository: `docker.io/library/busybox:1.36` is `busybox`. */
const catalog: Readonly<Record<string, CatalogImage>> = {
  alpine: SHELL,
  bash: { isShellImage: true, command: ["bash"] },
  busybox: SHELL,
  debian: { isShellImage: true, command: ["bash"] },
  ubuntu: { isShellImage: true, command: ["bash"] },
  war: SAMPLE_WAR,
  sample: SAMPLE_WAR,
  tomcat: {
    files: {
      "/root/apache-tomcat/bin/start.sh": START_TOMCAT,
      "/root/apache-tomcat/webapps/ROOT/index.html": "<h1>Tomcat</h1>\n",
      "/root/apache-tomcat-7.0.42-v2/bin/start.sh": START_TOMCAT,
      "/root/apache-tomcat-7.0.42-v2/webapps/ROOT/index.html": "<h1>Tomcat</h1>\n",
    },
    logs: TOMCAT_LOG,
  },
  nginx: {
    files: {
      "/usr/share/nginx/html/index.html": "<h1>Welcome to nginx!</h1>\n",
      "/etc/nginx/nginx.conf": "events {}\nhttp { server { listen 80; } }\n",
    },
    logs: ["/docker-entrypoint.sh: Configuration complete; ready for start up"],
  },
};

/** Why a pull fails, in containerd's words; undefined when it does not. */
export function pullFailure({ name, repository, tag }: ImageReference): string | undefined {
  const parts = repository.split("/");
  const full = canonicalName(name);
  if (parts[0]?.endsWith(".invalid")) {
    return `failed to pull and unpack image "${full}": failed to resolve reference "${full}": failed to do request: Head "https://${parts[0]}/v2/${parts.slice(1).join("/")}/manifests/${tag}": dial tcp: lookup ${parts[0]}: no such host`;
  }
  if (parts[0] === "invalid" || parts.at(-1) === "fail" || tag === "fail") {
    return `failed to pull and unpack image "${full}": failed to resolve reference "${full}": ${full}: not found`;
  }
  return undefined;
}

/** `web:1` → `docker.io/library/web:1`, as containerd names it. */
export function canonicalName(name: string): string {
  const first = name.split("/")[0] as string;
  if (!name.includes("/")) return `docker.io/library/${name}`;
  return /[.:]/.test(first) || first === "localhost" ? name : `docker.io/${name}`;
}

export const digestOf = (name: string): string =>
  `sha256:${createHash("sha256").update(name).digest("hex")}`;

export function imageOf(image: string): CatalogImage {
  const repository = parseImageReference(image)?.repository ?? "";
  const name = repository.split("/").at(-1) ?? "";
  return catalog[name] ?? (name.endsWith("tomcat") ? (catalog.tomcat as CatalogImage) : {});
}

/** Between 5 and 200 MB, the same for one image everywhere. */
export function sizeOf(name: string): number {
  const hash = createHash("sha256").update(name).digest();
  return 5_000_000 + (hash.readUInt32BE(0) % 195_000_000);
}

export const SIMULATE_ANNOTATION = "coracle.dev/simulate.";

/** The image's behaviour with what the Pod declares over it. Throws when the annotation is not JSON. */
export function behaviourOf(
  image: string,
  container: string,
  annotations: Readonly<Record<string, string>>,
): CatalogImage {
  const known = imageOf(image);
  const declared = annotations[`${SIMULATE_ANNOTATION}${container}`];
  if (declared === undefined) return known;
  const own = JSON.parse(declared) as Behaviour;
  return { ...known, ...own, files: { ...known.files, ...own.files } };
}

export type { CatalogImage };
