import type { JsonValue } from "@bufbuild/protobuf";

import { readPart } from "../container/checkpoint/read.js";
import { invalid } from "../spec/invalid.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

/** What a checkpoint of a pod says of itself; the containers lie beside it, by their IDs. */
export interface PodDump {
  version: number;
  sandbox: { id: string; metadata: SandboxRecord["metadata"]; handler: string; config: JsonValue };
  containers: { name: string; id: string }[];
}

export const podDumpName = "pod.dump";
/** Raised when older readers would misread it. */
export const podDumpVersion = 1;

/** Throws when there is no checkpoint in the directory, or one of another version. */
export async function readPodDump(directory: string): Promise<PodDump> {
  const dump = await readPart<PodDump>(directory, podDumpName, "checkpoint_path");
  if (dump.version !== podDumpVersion) {
    throw invalid(
      "checkpoint_path",
      `has a checkpoint of version ${dump.version}: this runtime reads ${podDumpVersion}`,
    );
  }
  // They become paths.
  const isNamed = ({ name, id }: PodDump["containers"][number]) => name !== "" && /^[a-f0-9]{64}$/.test(id);
  if (!Array.isArray(dump.containers) || !dump.containers.every(isNamed)) {
    throw invalid("checkpoint_path", `has a torn ${podDumpName}: it does not name its containers`);
  }
  return dump;
}
