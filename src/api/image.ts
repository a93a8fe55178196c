import { jsonSafe } from "../messages/json.js";
import type { Image as ImageMessage } from "../proto.js";

export interface Image {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  /** The runtime's own, such as the pause image: no clean-up may remove it. */
  readonly pinned: boolean;
  /** The user that the image names, by number or by name; undefined: root. */
  readonly user: number | string | undefined;
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
