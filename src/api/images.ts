import type { CredentialSource } from "../credentials/look-up.js";
import { ImagePullError, InvalidArgumentError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { ApiContext } from "./context.js";
import { findImage } from "./images/find-image.js";
import { type ImageFsInfo, toImageFsInfo } from "./images/fs-info.js";
import type { Image } from "./images/image.js";
import { type PrunedImages, type PruneOptions, pruneImages } from "./images/prune.js";
import type {
  EnsuredImage,
  EnsureOptions,
  PulledImage,
  PullOptions,
  PullPolicy,
} from "./images/pull-options.js";
import { Puller } from "./images/puller.js";
import type { ImageFilter } from "./lists/image-filter.js";
import { listImages, streamImages } from "./lists/list-images.js";

const policies: readonly PullPolicy[] = ["always", "if-not-present", "never"];

/**
 * The images that the runtime holds. Short names are completed as containerd does it, the same on every runtime: `nginx`
 * is `docker.io/library/nginx:latest`.
 */
export class Images {
  readonly #context: ApiContext;
  readonly #puller: Puller;

  /** @internal */
  constructor(context: ApiContext, credentials?: CredentialSource) {
    this.#context = context;
    this.#puller = new Puller(context, credentials);
  }

  /**
   * Pulls an image, also when it is there: its tag may have moved. Resolves when the image can be used. Those who ask
   * for the same at the same time share one pull; an abort ends the wait of its caller, and the pull with the last one.
   *
   * @throws InvalidArgumentError for a name that cannot be one.
   * @throws ImagePullError where the runtime says that the registry could not be reached or that the signature
   * was refused.
   * @throws CriError with the code `credentials_failed` when credentials were to be looked up and could not be.
   *
   * @example
   * ```ts
   * const { imageRef } = await cri.images.pull("registry.k8s.io/pause:3.10");
   * await cri.images.pull("nginx", { credentials: "auto" });
   * ```
   */
  async pull(ref: string, options: PullOptions = {}): Promise<PulledImage> {
    return this.#puller.pull(ref, options);
  }

  /**
   * Has an image there, pulled by the policy: unless it is there already, always, or never.
   *
   * @throws ImagePullError with the code `image_never_pull` for an image that is not there with the policy `never`.
   *
   * @example
   * ```ts
   * const { pulled } = await cri.images.ensure("nginx");
   * await cri.images.ensure("nginx", { policy: "never" });
   * ```
   */
  async ensure(ref: string, options: EnsureOptions = {}): Promise<EnsuredImage> {
    const { policy = "if-not-present", ...pull } = options;
    if (!policies.includes(policy)) {
      throw new InvalidArgumentError(`policy must be one of ${policies.join(", ")}`, { field: "policy" });
    }
    const { signal, headers, handler, retries } = pull;
    const call = { signal, headers, handler, retries };
    const present = policy === "always" ? undefined : await this.status(ref, call);
    if (present) return { imageRef: present.id, pulled: false };
    if (policy !== "never") return { ...(await this.pull(ref, pull)), pulled: true };
    throw new ImagePullError(
      "image_never_pull",
      `Image ${ref} is not there, and the policy is never: pull it before, or choose another policy`,
    );
  }

  /**
   * Those that the filter lets through, by name; those without a name are last.
   *
   * @throws InvalidArgumentError that names the field of the filter.
   *
   * @example
   * ```ts
   * for (const { repoTags, sizeBytes } of await cri.images.list({ reference: /nginx/ })) console.log(repoTags, sizeBytes);
   * ```
   */
  async list(filter: ImageFilter = {}, options: CallOptions = {}): Promise<Image[]> {
    return listImages(this.#context, filter, options);
  }

  /**
   * The images of `list()` as they come, for as many as there may be: where the runtime streams its lists no
   * message and no array holds all of them. No deadline unless told. Leaving the loop ends the call.
   *
   * @throws UnsupportedError when the runtime gives up in the middle of a list; the next call does without its
   * streams.
   *
   * @example
   * ```ts
   * for await (const { id, sizeBytes } of cri.images.stream()) console.log(id, sizeBytes);
   * ```
   */
  stream(filter: ImageFilter = {}, options: CallOptions = {}): AsyncGenerator<Image, void, undefined> {
    return streamImages(this.#context, filter, options);
  }

  /** By name, digest, ID or the beginning of an ID. Undefined: the runtime does not hold it. */
  async status(
    ref: string,
    options: CallOptions & { handler?: string | undefined } = {},
  ): Promise<Image | undefined> {
    return findImage(this.#context, ref, options);
  }

  /**
   * Removes the image that the name, digest or ID stands for, with **all** its other names, as CRI says.
   * Nothing happens when it is gone already.
   */
  async remove(ref: string, options: CallOptions = {}): Promise<void> {
    const image = await findImage(this.#context, ref, options);
    if (image) await this.#context.image.removeImage({ image: { image: image.id } }, options);
  }

  /**
   * Removes the images that nothing uses, each with all its names: not those that are pinned, that a container was made
   * from (an ended one, too), that this client is pulling, and the pause image. One that cannot be removed does not
   * keep the others. A container that is made while images are being removed is not looked for.
   *
   * @throws InvalidArgumentError that names the field of the filter.
   *
   * @example
   * ```ts
   * const { removed } = await cri.images.prune({ dangling: true }, { dryRun: true });
   * console.log(removed.map(({ id }) => id));
   * ```
   */
  async prune(filter: ImageFilter = {}, options: PruneOptions = {}): Promise<PrunedImages> {
    return pruneImages(this.#context, this.#puller.names, filter, options);
  }

  /** How much the images, and what containers wrote over them, take of which file systems. */
  async fsInfo(options: CallOptions = {}): Promise<ImageFsInfo> {
    return toImageFsInfo(await this.#context.image.imageFsInfo({}, options));
  }
}
