import type { MessageInitShape } from "@bufbuild/protobuf";
import { parseImageRef } from "../image-ref.js";
import type {
  AuthConfigSchema,
  Image as ImageMessage,
  PodSandboxConfigSchema,
  StreamImagesResponse,
} from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { ListRpcs } from "../services/list.js";
import type { ApiContext } from "./context.js";
import { type Image, toImage } from "./image.js";
import { type ImageFsInfo, toImageFsInfo } from "./image-fs-info.js";

/** How to pull an image, and with which credentials. */
export interface PullOptions extends CallOptions {
  /** How long the pull may take, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /** Credentials for the registry. They appear in no message and no log. */
  auth?: MessageInitShape<typeof AuthConfigSchema> | undefined;
  /** For the runtime, with the image spec. */
  annotations?: Record<string, string> | undefined;
  /** The runtime handler that will run the image, where the runtime keeps images apart by handler. */
  handler?: string | undefined;
  /** The pod that the image is for, for runtimes that account the pull to it. */
  sandboxConfig?: MessageInitShape<typeof PodSandboxConfigSchema> | undefined;
}

/** An image that was pulled. */
export interface PulledImage {
  /** What the runtime calls the image from now on: a digest or an ID. */
  readonly imageRef: string;
}

/** An image that is there now. */
export interface EnsuredImage extends PulledImage {
  /** False: it was there. */
  readonly pulled: boolean;
}

/** Which images to list. */
export interface ImageFilter {
  /** The name, the digest or the ID of an image. */
  image?: string | undefined;
}

/** The images that the runtime holds. */
export class Images {
  readonly #context: ApiContext;

  /** @internal */
  constructor(context: ApiContext) {
    this.#context = context;
  }

  /**
   * Pulls an image, also when it is there: its tag may have moved. Resolves when the image can be used.
   * Aborting ends the pull. Short names are completed as containerd does it, the same on every runtime: `nginx`
   * is `docker.io/library/nginx:latest`.
   *
   * @throws InvalidArgumentError for a name that cannot be one.
   * @throws ImagePullError where the runtime says that the registry could not be reached or that the signature
   * was refused.
   *
   * @example
   * ```ts
   * const { imageRef } = await cri.images.pull("registry.k8s.io/pause:3.10");
   * ```
   */
  async pull(ref: string, options: PullOptions = {}): Promise<PulledImage> {
    const { auth, sandboxConfig, annotations = {}, handler = "", ...call } = options;
    const { imageRef } = await this.#context.image.pullImage(
      {
        image: { image: parseImageRef(ref).toString(), annotations, runtimeHandler: handler },
        ...(auth ? { auth } : {}),
        ...(sandboxConfig ? { sandboxConfig } : {}),
      },
      call,
    );
    return { imageRef };
  }

  /** Pulls an image unless it is there: kubelet's `IfNotPresent`. */
  async ensure(ref: string, options: PullOptions = {}): Promise<EnsuredImage> {
    const { signal, headers, handler } = options;
    const present = await this.status(ref, { signal, headers, handler });
    if (present) return { imageRef: present.id, pulled: false };
    return { ...(await this.pull(ref, options)), pulled: true };
  }

  /** All of them, or the one that the filter names. */
  async list(filter: ImageFilter = {}, options: CallOptions = {}): Promise<Image[]> {
    if (filter.image !== undefined) return this.#named(filter.image, options);
    const images = await this.#context.lists.read(this.#rpcs(), options);
    return images.map(toImage);
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
  async *stream(filter: ImageFilter = {}, options: CallOptions = {}): AsyncGenerator<Image, void, undefined> {
    if (filter.image !== undefined) yield* await this.#named(filter.image, options);
    else for await (const image of this.#context.lists.stream(this.#rpcs(), options)) yield toImage(image);
  }

  /** By name, digest or ID. Undefined: the runtime does not hold it. */
  async status(
    ref: string,
    options: CallOptions & { handler?: string | undefined } = {},
  ): Promise<Image | undefined> {
    const { handler = "", ...call } = options;
    const response = await this.#context.image.imageStatus(
      { image: { image: ref, runtimeHandler: handler } },
      call,
    );
    return response.image && toImage(response.image);
  }

  /**
   * Removes the image that the name, digest or ID stands for, with **all** its other names, as CRI says.
   * Nothing happens when it is gone already.
   */
  async remove(ref: string, options: CallOptions = {}): Promise<void> {
    await this.#context.image.removeImage({ image: { image: ref } }, options);
  }

  /** How much the images, and what containers wrote over them, take of which file systems. */
  async fsInfo(options: CallOptions = {}): Promise<ImageFsInfo> {
    return toImageFsInfo(await this.#context.image.imageFsInfo({}, options));
  }

  /** containerd takes no notice of the filter of ListImages. */
  async #named(ref: string, options: CallOptions): Promise<Image[]> {
    const image = await this.status(ref, options);
    return image ? [image] : [];
  }

  #rpcs(): ListRpcs<StreamImagesResponse, ImageMessage> {
    const { image } = this.#context;
    return {
      name: "streamImages",
      stream: (options) => image.streamImages({}, options),
      itemsOf: ({ images }) => images,
      unary: async (options) => (await image.listImages({}, options)).images,
    };
  }
}
