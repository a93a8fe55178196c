import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RegistryCredentials } from "../../credentials/credentials.js";
import type { CredentialSource } from "../../credentials/look-up.js";
import type { PodSandboxConfigSchema } from "../../proto.js";
import type { CallOptions } from "../../services/call-options.js";
import type { PullProgress } from "./progress.js";

/** How to pull an image, and with which credentials. */
export interface PullOptions extends CallOptions {
  /** How long the pull may take, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /** Credentials for the registry, before all others. They appear in no message and no log. */
  auth?: RegistryCredentials | undefined;
  /** Where credentials are looked up without `auth`; as `connect` was told, or nowhere. */
  credentials?: CredentialSource | undefined;
  /** For the runtime, with the image spec. */
  annotations?: Record<string, string> | undefined;
  /** The runtime handler that will run the image, where the runtime keeps images apart by handler. */
  handler?: string | undefined;
  /** The pod that the image is for, for runtimes that account the pull to it. */
  sandboxConfig?: MessageInitShape<typeof PodSandboxConfigSchema> | undefined;
  /** Called every second while the pull goes on. */
  onProgress?: ((progress: PullProgress) => void) | undefined;
}

/** Kubernetes' words, in lower case: whether an image is pulled that is there, and one that is not. */
export type PullPolicy = "always" | "if-not-present" | "never";

/** How to have an image there. */
export interface EnsureOptions extends PullOptions {
  /** `if-not-present` unless told, for tags that move (`latest`) as well. */
  policy?: PullPolicy | undefined;
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
