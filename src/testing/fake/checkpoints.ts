import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CriError, InvalidArgumentError } from "../../errors.js";
import type { RuntimeService } from "../../proto.js";
import type { Rpcs } from "../../wire/grpc-server/rpcs.js";
import { checkpointOf } from "./container-messages.js";
import { runningProcess } from "./containers.js";
import type { FakeDeps } from "./deps.js";
import type { FakeContainer } from "./state.js";

/** The RPCs that write containers down. There is no memory, so that a checkpoint holds a configuration. */
export function checkpointRpcs({ state }: FakeDeps) {
  return {
    async checkpointContainer({ containerId, location }) {
      const container = state.container(containerId);
      runningProcess(container);
      await write(location, container);
      return {};
    },
    async checkpointPod({ podSandboxId, outputPath, containerIds }, { timeoutMs }) {
      if (timeoutMs() === undefined)
        throw new InvalidArgumentError("CheckpointPod needs a deadline: set one");
      const pod = state.pod(podSandboxId);
      if (!pod.isReady)
        throw new CriError("failed_precondition", `Pod ${pod.id} is not ready: run a new one`);
      if (containerIds.length === 0) {
        throw new InvalidArgumentError("container_ids is empty: name the running containers to write down");
      }
      const containers = containerIds.map((id) => state.container(id));
      for (const container of containers) runningProcess(container);
      if ((await readdir(outputPath)).length > 0) {
        throw new InvalidArgumentError(`output_path has something in it: empty ${outputPath}`);
      }
      for (const container of containers) await write(join(outputPath, container.id), container);
      return {};
    },
  } satisfies Partial<Rpcs<typeof RuntimeService>>;
}

async function write(path: string, container: FakeContainer): Promise<void> {
  await writeFile(path, JSON.stringify(checkpointOf(container)), { mode: 0o600 });
}
