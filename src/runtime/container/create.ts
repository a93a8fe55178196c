import { toJson } from "@bufbuild/protobuf";

import { type Rollback, withRollback } from "../../async/rollback.js";
import { NotFoundError } from "../../errors.js";
import {
  type ContainerConfig,
  ContainerConfigSchema,
  type CreateContainerRequest,
  NamespaceMode,
} from "../../proto.js";
import { readInside } from "../adapters/rootfs/read-inside.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import { writeBundle } from "../lifecycle/oci-container.js";
import { discardContainer } from "../lifecycle/release-container.js";
import { requireReady } from "../lifecycle/require-ready.js";
import { required } from "../required.js";
import { resolveUser } from "../spec/user.js";
import type { ContainerRecord, ImageVolume } from "../state/container-record.js";
import { newId, requireById } from "../state/ids.js";
import { findImage, type ImageRecord, imageLock, imageRef } from "../state/image-record.js";
import { containerName } from "../state/names.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { timestampNow } from "../state/time.js";
import { askedImage } from "./asked-image.js";
import { buildSpec } from "./build-spec.js";
import type { SavedContainer } from "./checkpoint/read.js";
import { requireSame } from "./checkpoint/require-same.js";
import { keepProcesses, restoreChanges, restoreRemovals } from "./checkpoint/restore.js";
import { chooseImageVolumes } from "./image-volumes.js";
import { prepareLogPath } from "./log-path.js";
import { mountFiles } from "./rootfs.js";
import { containerLabels } from "./selinux.js";
import { chooseStopSignal } from "./stop-signal.js";
import { checkUserNamespace } from "./user-namespace.js";
import { makeVolumes } from "./volumes.js";

/** Makes a container ready to start: its record, its root file system and its OCI bundle. No process yet. */
export async function createContainer(deps: RuntimeDeps, request: CreateContainerRequest): Promise<string> {
  const podId = required(request.podSandboxId, "pod_sandbox_id");
  const config = required(request.config, "config");
  const { id: sandboxId } = requireById(deps.sandboxes, podId, "sandbox");
  return deps.locks.run(sandboxId, async () => {
    const sandbox = await requireReady(deps, sandboxId);
    const [id = ""] = await makeContainers(deps, sandbox, [{ config, field: "config" }]);
    return id;
  });
}

/** A container to make. */
export interface Wanted {
  config: ContainerConfig;
  /** What the request calls `config`. */
  field: string;
  /** What its processes and files are to be taken from. */
  saved?: SavedContainer;
}

/** Makes containers that become known together: all of them, or none. For callers that hold the sandbox's lock. */
export function makeContainers(
  deps: RuntimeDeps,
  sandbox: SandboxRecord,
  wanted: readonly Wanted[],
  { signal }: UseCaseOptions = {},
): Promise<string[]> {
  return withRollback(
    async (rollback) => {
      const made: { id: string; changes: Partial<ContainerRecord> }[] = [];
      for (const one of wanted) {
        signal?.throwIfAborted();
        const { image, draft } = await draftContainer(deps, one, { sandbox, rollback });
        const { id } = draft;
        made.push({ id, changes: await makeContainer(deps, { ...one, sandbox, image, id, draft }) });
      }
      for (const { id, changes } of made) await deps.containers.update(id, { ...changes, step: undefined });
      return made.map(({ id }) => id);
    },
    (failures) => {
      for (const { description, error } of failures) deps.log.error(`Could not ${description}`, { error });
    },
  );
}

/** Writes the record of the container to be made. Its images cannot go before: from now on their layers are in use. */
async function draftContainer(
  deps: RuntimeDeps,
  { config, field }: Wanted,
  { sandbox, rollback }: { sandbox: SandboxRecord; rollback: Rollback },
): Promise<{ image: ImageRecord; draft: ContainerRecord }> {
  await checkUserNamespace(deps, config, sandbox);
  const selinux = await containerLabels(deps, config, sandbox);
  const ownerMapping = sandbox.userns && (await deps.overlay.ownerMapping(deps.paths.layers));
  return deps.locks.run(imageLock, async () => {
    const image = requireImage(deps, config, field);
    const imageVolumes = chooseImageVolumes(deps, { config, field });
    const draft = { ...newRecord(config, sandbox, { image, imageVolumes }), ownerMapping, selinux };
    deps.containerNames.reserve(draft.name, draft.id);
    rollback.add(`undo the making of container ${draft.id}`, () => undo(deps, draft));
    await deps.containers.put(draft);
    return { image, draft };
  });
}

function requireImage(deps: RuntimeDeps, config: ContainerConfig, field: string): ImageRecord {
  const reference = required(required(config.image, `${field}.image`).image, `${field}.image.image`);
  const image = findImage(deps.images, reference);
  if (!image) throw new NotFoundError(`Image ${reference} is not here: pull it first`);
  return image;
}

interface Images {
  image: ImageRecord;
  imageVolumes: ImageVolume[];
}

function newRecord(
  config: ContainerConfig,
  sandbox: SandboxRecord,
  { image, imageVolumes }: Images,
): ContainerRecord {
  const given = required(config.metadata, "config.metadata");
  const metadata = { name: required(given.name, "config.metadata.name"), attempt: given.attempt };
  const pid = config.linux?.securityContext?.namespaceOptions?.pid ?? NamespaceMode.POD;
  const id = newId();
  return {
    id,
    name: containerName(metadata, sandbox.name),
    sandboxId: sandbox.id,
    metadata,
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    config: toJson(ContainerConfigSchema, config),
    image: {
      asked: askedImage(config),
      id: imageRef(image),
      ref: image.repoDigests[0] ?? imageRef(image),
      layers: image.layers,
    },
    imageVolumes,
    user: { uid: 0, gid: 0, additionalGids: [] },
    stopSignal: chooseStopSignal(config.stopSignal, image.config.stopSignal),
    ownPidNamespace: pid === NamespaceMode.CONTAINER,
    cgroupParent: sandbox.cgroupParent,
    createdAt: timestampNow(),
    step: "making",
  };
}

interface Making extends Wanted {
  id: string;
  sandbox: SandboxRecord;
  image: ImageRecord;
  draft: ContainerRecord;
}

async function makeContainer(deps: RuntimeDeps, making: Making): Promise<Partial<ContainerRecord>> {
  const { id, config, sandbox, image, draft, saved, field } = making;
  const { rootfs, upper, recordDirectory, directory: bundle } = deps.paths.container(id);
  const logPath = await prepareLogPath(sandbox.logDirectory, config.logPath);
  if (saved) await restoreChanges(saved, upper);
  await mountFiles(deps, draft);
  if (saved) await restoreRemovals(saved, rootfs);
  const user = resolveUser({
    imageUser: image.config.user,
    securityContext: config.linux?.securityContext,
    passwd: (await readInside(rootfs, "/etc/passwd")) ?? "",
    group: (await readInside(rootfs, "/etc/group")) ?? "",
  });
  const volumes = await makeVolumes(deps, { ...making, selinux: draft.selinux });
  const spec = await buildSpec(deps, { ...making, user, volumes, selinux: draft.selinux });
  if (saved) requireSame(saved, { spec, image: imageRef(image), field });
  await writeBundle(deps, { id, bundle, handler: sandbox.handler, cgroupParent: sandbox.cgroupParent }, spec);
  if (saved) await keepProcesses(saved, recordDirectory);
  // With the groups that devices have brought.
  const { uid, gid, additionalGids = [] } = spec.process.user;
  return { user: { uid, gid, additionalGids }, logPath, ...(saved && { fromCheckpoint: true }) };
}

async function undo(deps: RuntimeDeps, { id, name }: ContainerRecord): Promise<void> {
  if (deps.containers.get(id)) await discardContainer(deps, { id });
  else deps.containerNames.release(name, id);
}
