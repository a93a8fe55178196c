import type { KeyedLock } from "../../async/keyed-lock.js";
import type { Overlay } from "../adapters/overlay/overlay.js";
import type { Skopeo } from "../adapters/skopeo/skopeo.js";
import type { Umoci } from "../adapters/umoci/umoci.js";
import type { Logger } from "../log.js";
import type { ImageRecord } from "../state/image-record.js";
import type { LayerRecord } from "../state/layer-record.js";
import type { RecordStore } from "../state/store.js";

/** What the use cases of images stand on. */
export interface ImageDeps {
  images: RecordStore<ImageRecord>;
  layers: RecordStore<LayerRecord>;
  skopeo: Skopeo;
  umoci: Umoci;
  overlay: Overlay;
  locks: KeyedLock;
  log: Logger;
  paths: ImagePaths;
  /** As image indexes spell it: `amd64`. */
  architecture: string;
  /** Registries that may be spoken to without TLS, beside those on this machine. */
  insecureRegistries: readonly string[];
  /** The layers of containers: they stay although their image has gone. */
  layersInUse(): Iterable<string>;
  /** Pulls under way. Nothing is collected meanwhile, since their layers belong to no image yet. */
  pulls: Set<symbol>;
}

export interface ImagePaths {
  layers: string;
  /** Content by digest, shared by all pulls. */
  blobs: string;
  /** For what a pull needs while it runs. Emptied at start. */
  temporary: string;
}
