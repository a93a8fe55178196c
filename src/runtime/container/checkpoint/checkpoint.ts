import { rename, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";

import { DeadlineError } from "../../../errors.js";
import type { CheckpointContainerRequest } from "../../../proto.js";
import { requireCriu } from "../../adapters/criu/criu.js";
import { packTar } from "../../adapters/tar/tar.js";
import type { RuntimeDeps, UseCaseOptions } from "../../deps.js";
import { required } from "../../required.js";
import { invalid } from "../../spec/invalid.js";
import { requireById } from "../../state/ids.js";
import { requireCheckpointable, whileFrozen } from "./frozen.js";
import { writeCheckpoint } from "./write.js";

/** The runtime's own limit, where the request has none. */
const defaultTimeoutMs = 10 * 60_000;

/**
 * Writes a running container down in an archive; it runs on. The processes stand still meanwhile, so that the
 * files are of the same moment.
 */
export async function checkpointContainer(
  deps: RuntimeDeps,
  request: CheckpointContainerRequest,
  { signal: caller }: UseCaseOptions = {},
): Promise<void> {
  const asked = required(request.containerId, "container_id");
  const location = required(request.location, "location");
  await checkLocation(location);
  requireCheckpointable(requireById(deps.containers, asked, "container"));
  const criu = await requireCriu();
  const { id, sandboxId } = requireById(deps.containers, asked, "container");
  const limit = limitTime(Number(request.timeout) * 1000 || defaultTimeoutMs, caller);
  try {
    await deps.locks.run(
      sandboxId,
      async () => {
        const record = requireById(deps.containers, id, "container");
        requireCheckpointable(record);
        // Beside the record: memory may be more than the state directory holds.
        const directory = join(deps.paths.container(id).recordDirectory, "checkpoint");
        const partial = `${location}.${id.slice(0, 12)}.partial`;
        const { signal } = limit;
        await whileFrozen(deps, [{ record, paths: [directory, partial] }], async () => {
          await writeCheckpoint(deps, record, { directory, criu, signal });
          await packTar(partial, directory, { signal });
          await rm(directory, { recursive: true });
          signal.throwIfAborted();
          await rename(partial, location);
        });
      },
      limit.signal,
    );
  } finally {
    limit.clear();
  }
}

async function checkLocation(location: string): Promise<void> {
  if (!isAbsolute(location)) throw invalid("location", `is "${location}": give an absolute path on the node`);
  if (!(await isDirectory(dirname(location)))) throw invalid("location", `lies in no directory: ${location}`);
  if (await isDirectory(location)) throw invalid("location", `is a directory: name a file in ${location}`);
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function limitTime(ms: number, caller: AbortSignal | undefined): { signal: AbortSignal; clear(): void } {
  const limit = new AbortController();
  const error = new DeadlineError(`The checkpoint was not done within ${ms / 1000} s`);
  const timer = setTimeout(() => limit.abort(error), ms);
  return {
    signal: caller ? AbortSignal.any([limit.signal, caller]) : limit.signal,
    clear: () => clearTimeout(timer),
  };
}
