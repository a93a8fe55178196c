import type { Message } from "@bufbuild/protobuf";

import type { LogFields } from "../log.js";

/** What a request or an answer is about: IDs, names and image references, for one line of a log. */
export function subject(message: unknown): LogFields {
  const { containerId, podSandboxId, imageRef, image, config } = message as Partial<Named>;
  const { name, namespace } = config?.metadata ?? {};
  const pod = namespace ? `${namespace}/${name}` : name;
  const fields = { containerId, podSandboxId, imageRef, image: image?.image, name: pod };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}

interface Named {
  containerId: string;
  podSandboxId: string;
  imageRef: string;
  image: Message & { image: string };
  config: Message & { metadata?: { name: string; namespace?: string } };
}
