// Names of images: `[registry[:port]/]repository[:tag][@digest]`.

export interface ImageReference {
  /** With the tag that is implied: `web` → `web:latest`. */
  name: string;
  repository: string;
  tag: string;
}

/** Undefined when it is not a reference (upper case, spaces, …). */
export function parseImageReference(image: string): ImageReference | undefined {
  const match =
    /^((?:[A-Za-z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(@sha256:[0-9a-f]{64})?$/.exec(
      image,
    );
  if (match === null) return undefined;
  const [, repository = "", tag, digest = ""] = match;
  if (tag === undefined && digest !== "") return { name: image, repository, tag: "" };
  return { name: `${repository}:${tag ?? "latest"}${digest}`, repository, tag: tag ?? "latest" };
}
