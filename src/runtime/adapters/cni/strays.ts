import type { Attachment } from "./attachment.js";
import type { Holder } from "./holders.js";
import type { CachedAdd } from "./result-cache.js";

interface Found {
  /** What was added and not removed. */
  cached: readonly CachedAdd[];
  /** Whom something is held for, as the plugins' own traces say. */
  holders: readonly Holder[];
  isKnown: (id: string) => boolean;
}

/** The attachments that are to be removed because nobody knows them. */
export function findStrays({ cached, holders, isKnown }: Found): Attachment[] {
  const strays = new Map<string, Attachment>();
  for (const { id, portMappings } of holders) {
    const before = strays.get(id)?.portMappings ?? [];
    const all = [...before, ...portMappings];
    if (!isKnown(id)) strays.set(id, { ...unknown, id, portMappings: all });
  }
  // What was added is known better from the time when it was.
  for (const { attachment } of cached) {
    if (!isKnown(attachment.id)) strays.set(attachment.id, attachment);
  }
  return [...strays.values()];
}

const unknown = { netns: "", pod: { name: "", namespace: "", uid: "" } };
