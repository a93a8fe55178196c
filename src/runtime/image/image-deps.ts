import type { SharedWork } from "../../async/shared-work.js";
import type { Overlay } from "../adapters/overlay/overlay.js";
import type { Skopeo } from "../adapters/skopeo/skopeo.js";
import type { Umoci } from "../adapters/umoci/umoci.js";
import type { CollectDeps } from "../lifecycle/collect-layers.js";

/** What the use cases of images stand on. */
export interface ImageDeps extends CollectDeps {
  skopeo: Skopeo;
  umoci: Umoci;
  overlay: Overlay;
  paths: ImagePaths;
  /** As image indexes spell it: `amd64`. */
  architecture: string;
  /** Registries that may be spoken to without TLS, beside those on this machine. */
  insecureRegistries: readonly string[];
  /** A policy asks for signatures, for each repository apart. */
  verifiesSignatures: boolean;
  /** Layers being brought by pulls under way. */
  fetches: SharedWork<string[]>;
}

export interface ImagePaths {
  layers: string;
  /** What containers have written. */
  containerRecords: string;
  /** For what a pull needs while it runs. Emptied at start. */
  temporary: string;
}
