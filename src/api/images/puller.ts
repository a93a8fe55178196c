import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { SharedWork } from "../../async/shared-work.js";
import { toAuthConfig } from "../../credentials/credentials.js";
import { type CredentialSource, lookUpCredentials } from "../../credentials/look-up.js";
import { type ImageRef, parseImageRef } from "../../image-ref.js";
import { PullImageRequestSchema } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { limitTime } from "../time-limit.js";
import { withProgress } from "./progress.js";
import type { PulledImage, PullOptions } from "./pull-options.js";
import { RunningNames } from "./running-names.js";

type PullRequest = MessageInitShape<typeof PullImageRequestSchema>;

/** The pulls of one client. Those that ask for the same at the same time are one at the runtime. */
export class Puller {
  readonly #context: ApiContext;
  readonly #credentials: CredentialSource;
  readonly #shared = new SharedWork<string>();
  /** The images that are being pulled. */
  readonly names = new RunningNames();

  constructor(context: ApiContext, credentials: CredentialSource = "none") {
    this.#context = context;
    this.#credentials = credentials;
  }

  async pull(ref: string, { timeoutMs, signal, headers, ...options }: PullOptions): Promise<PulledImage> {
    const name = parseImageRef(ref);
    const limit = limitTime({ signal, timeoutMs }, `The pull of ${name}`);
    const call = { signal: limit.signal, headers };
    const pull = async (signal: AbortSignal | undefined) => {
      const request = await this.#request(name, options, signal);
      return this.#join(request, { signal, headers });
    };
    const end = this.names.begin(name);
    try {
      const { onProgress } = options;
      const imageRef = onProgress
        ? await withProgress(this.#context, onProgress, call, pull)
        : await pull(call.signal);
      return { imageRef };
    } finally {
      end();
      limit[Symbol.dispose]();
    }
  }

  async #request(
    name: ImageRef,
    options: PullOptions,
    signal: AbortSignal | undefined,
  ): Promise<PullRequest> {
    const { sandboxConfig, annotations = {}, handler = "", credentials = this.#credentials } = options;
    const auth = options.auth ?? (await lookUpCredentials(credentials, name, signal));
    return {
      image: { image: name.toString(), annotations, runtimeHandler: handler },
      ...(auth ? { auth: toAuthConfig(auth) } : {}),
      ...(sandboxConfig ? { sandboxConfig } : {}),
    };
  }

  async #join(request: PullRequest, { signal, headers }: CallOptions): Promise<string> {
    const { image } = this.#context;
    return this.#shared.run(
      await sameness(request, headers),
      async (signal) => (await image.pullImage(request, { signal, headers })).imageRef,
      signal,
    );
  }
}

/** Equal for what is equal in all, credentials included; they cannot be read from it. */
async function sameness(request: PullRequest, headers: CallOptions["headers"]): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("sha256")
    .update(JSON.stringify([...new Headers(headers)]))
    .update(toBinary(PullImageRequestSchema, create(PullImageRequestSchema, request)))
    .digest("hex");
}
