import { jsonSafe } from "../../messages/json-safe.js";
import type { Image as ImageMessage } from "../../proto.js";

/** An image as the runtime holds it. */
export interface Image {
  /** What the runtime keeps it by, mostly the digest of its configuration: one image with many names has one. */
  readonly id: string;
  /** Its names with tags, in full: `docker.io/library/nginx:latest`. */
  readonly repoTags: readonly string[];
  /** Its names with the digest of its manifest: `docker.io/library/nginx@sha256:...`. */
  readonly repoDigests: readonly string[];
  /** Its size in bytes, compressed or on the disk as the runtime counts. */
  readonly sizeBytes: number;
  /** The runtime's own, such as the pause image: no clean-up may remove it. */
  readonly pinned: boolean;
  /** The user that the image names, by number or by name; undefined: root. */
  readonly user: number | string | undefined;
  /** The message of the runtime. */
  readonly raw: ImageMessage;
}

export function toImage(raw: ImageMessage): Image {
  const { id, repoTags, repoDigests, size, pinned, uid, username } = raw;
  return jsonSafe({
    id,
    repoTags,
    repoDigests,
    sizeBytes: Number(size),
    pinned,
    user: uid ? Number(uid.value) : username || undefined,
    raw,
  });
}
