// The tag of an image reference, as upstream's defaults see it (distribution/reference ParseNormalizedNamed).

const PATH_COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(
  `^(${DOMAIN}/${PATH_COMPONENT}(?:/${PATH_COMPONENT})*)(?::(\\w[\\w.-]{0,127}))?(?:@(${DIGEST}))?$`,
);
const IDENTIFIER = /^[a-f0-9]{64}$/;
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** `docker.io` is the domain of a name whose first part has no dot or port and is not `localhost`. */
function normalized(image: string): string {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  const hasDomain =
    slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  if (!hasDomain) return `docker.io/${slash < 0 ? "library/" : ""}${image}`;
  if (first !== "docker.io" && first !== "index.docker.io") return image;
  const rest = image.slice(slash + 1);
  return `docker.io/${rest.includes("/") ? "" : "library/"}${rest}`;
}

/** `latest` when there is neither tag nor digest, "" when there is only a digest or the reference cannot be parsed. */
export function imageTag(image: string): string {
  if (IDENTIFIER.test(image)) return "";
  const match = REFERENCE.exec(normalized(image));
  if (match === null || (match[1] as string).length > 255) return "";
  const [, , tag, digest] = match;
  if (digest !== undefined) {
    const colon = digest.indexOf(":");
    if (DIGEST_LENGTHS[digest.slice(0, colon)] !== digest.length - colon - 1) return "";
    return tag ?? "";
  }
  return tag ?? "latest";
}

type PullPolicy = "Always" | "IfNotPresent";

// Images repeat; a bounded memory of the answers keeps the regular expression off the path of most creates.
const REMEMBERED_MAX = 4096;
const REMEMBERED_LENGTH_MAX = 512;
const remembered = new Map<string, PullPolicy>();

/** `Always` for the tag `latest` (also when implied), else `IfNotPresent`. */
export function defaultPullPolicy(image: string | undefined): PullPolicy {
  if (image === undefined || image === "") return "IfNotPresent";
  let policy = remembered.get(image);
  if (policy === undefined) {
    policy = imageTag(image) === "latest" ? "Always" : "IfNotPresent";
    if (image.length > REMEMBERED_LENGTH_MAX) return policy;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(image, policy);
  }
  return policy;
}
