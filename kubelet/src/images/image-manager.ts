// Makes sure that a container's image is on the node, with upstream's events, errors and back-off (pkg/kubelet/images).
import type { Container, Pod } from "@coracle/shared/api/types/core-v1";
import type { Clock } from "@coracle/shared/runtime/clock";
import { parseImageReference } from "../cri/image-reference.ts";
import type { ImageService } from "../cri/runtime.ts";
import { CrashBackoff } from "../pods/crash-backoff.ts";
import type { PodEvents } from "../pods/pod-events.ts";
import { StartError } from "../pods/start-error.ts";

export class ImageManager {
  readonly #images: ImageService;
  readonly #events: PodEvents;
  readonly #clock: Clock;
  readonly #backoff: CrashBackoff;
  /** The error of the last pull, told again while the next one is awaited. */
  readonly #lastErrors = new Map<string, { message: string; atMs: number }>();

  constructor(images: ImageService, events: PodEvents, clock: Clock) {
    this.#images = images;
    this.#events = events;
    this.#clock = clock;
    this.#backoff = new CrashBackoff(clock);
  }

  /** The image's reference. Throws StartError. */
  async ensure(pod: Pod, container: Container): Promise<string> {
    const requested = container.image ?? "";
    const image = parseImageReference(requested)?.name;
    if (image === undefined) {
      const why = `couldn't parse image name "${requested}": invalid reference format`;
      const message = `Failed to apply default image tag "${requested}": ${why}`;
      this.#events.warning(pod, "InspectFailed", message, container);
      throw new StartError("InvalidImageName", message);
    }
    const policy = container.imagePullPolicy ?? "IfNotPresent";
    const present = policy === "Always" ? undefined : await this.#images.imageStatus(image);
    if (present !== undefined) {
      const text = `Container image "${requested}" already present on machine and can be accessed by the pod`;
      this.#events.normal(pod, "Pulled", text, container);
      return present.id;
    }
    if (policy === "Never") {
      const message = `Container image "${requested}" is not present with pull policy of Never`;
      this.#events.warning(pod, "ErrImageNeverPull", message, container);
      throw new StartError("ErrImageNeverPull", message);
    }
    return this.#pull(pod, container, image);
  }

  forget(uid: string): void {
    this.#backoff.forget(`${uid}_`);
    for (const key of this.#lastErrors.keys()) {
      if (key.startsWith(`${uid}_`)) this.#lastErrors.delete(key);
    }
  }

  async #pull(pod: Pod, container: Container, image: string): Promise<string> {
    const key = `${pod.metadata.uid}_${image}`;
    const last = this.#lastErrors.get(key);
    const waitMs = last === undefined ? 0 : this.#backoff.remainingMs(key, last.atMs);
    if (waitMs > 0) {
      const message = `Back-off pulling image "${image}"`;
      this.#events.normal(pod, "BackOff", message, container);
      throw new StartError("ImagePullBackOff", `${message}: ${last?.message}`, waitMs);
    }
    this.#lastErrors.delete(key);
    this.#events.normal(pod, "Pulling", `Pulling image "${image}"`, container);
    const startedMs = this.#clock.monotonic();
    try {
      const reference = await this.#images.pullImage(image);
      const size = (await this.#images.imageStatus(image))?.sizeBytes ?? 0;
      const took = formatPullTime(this.#clock.monotonic() - startedMs);
      const text = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${size} bytes.`;
      this.#events.normal(pod, "Pulled", text, container);
      return reference;
    } catch (error) {
      const { message } = error as Error;
      this.#events.warning(pod, "Failed", `Failed to pull image "${image}": ${message}`, container);
      const atMs = this.#clock.now();
      this.#backoff.next(key, atMs);
      this.#lastErrors.set(key, { message: `ErrImagePull: ${message}`, atMs });
      throw new StartError("ErrImagePull", message, this.#backoff.delayMs(key));
    }
  }
}

/** As Go prints a duration cut to milliseconds: `0s`, `12ms`, `1.234s`. */
function formatPullTime(ms: number): string {
  const whole = Math.trunc(ms);
  if (whole === 0) return "0s";
  return whole < 1000 ? `${whole}ms` : `${whole / 1000}s`;
}
