import { allDone } from "../../async/all-done.js";
import { InvalidArgumentError } from "../../errors.js";
import type { PodSandboxConfig, RunPodSandboxRequest } from "../../proto.js";
import type { Attachment } from "../adapters/cni/attachment.js";
import type { Handler, RuntimeDeps, UseCaseOptions } from "../deps.js";
import { createOciContainer, requireHandler, writeBundle } from "../lifecycle/oci-container.js";
import { discardSandbox } from "../lifecycle/release-sandbox.js";
import type { OciSpec } from "../oci.js";
import { openToUsers } from "../open-to-users.js";
import { required } from "../required.js";
import { podAnnotations } from "../spec/annotations.js";
import { sandboxSpec } from "../spec/sandbox-spec.js";
import { appArmorProfiles, seccompProfiles, specHost } from "../spec-inputs.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { makeSandboxFiles } from "./files.js";
import { attachmentOf, makeNetns } from "./join-network.js";
import { newSandboxRecord } from "./new-record.js";
import { recordWithLabels } from "./selinux.js";
import { checkServesUserNamespaces } from "./user-namespace.js";

/** Makes a pod: its network, its shared files, and the pause process that holds its namespaces. */
export async function runPodSandbox(
  deps: RuntimeDeps,
  request: RunPodSandboxRequest,
  { signal }: UseCaseOptions = {},
): Promise<string> {
  const config = required(request.config, "config");
  const handler = requestedHandler(deps, request.runtimeHandler);
  return makePod(deps, { config, handler, signal });
}

export interface PodToMake extends UseCaseOptions {
  config: PodSandboxConfig;
  handler: Handler;
  /** Makes what the pod is to have before anybody knows of it. When it fails, the pod goes too. */
  fill?: (sandbox: SandboxRecord) => Promise<void>;
}

export async function makePod(
  deps: RuntimeDeps,
  { config, handler, signal, fill }: PodToMake,
): Promise<string> {
  // By its own name, also when none was asked for: the default handler may be another one tomorrow.
  const draft = newSandboxRecord(deps, config, handler.name);
  if (draft.userns) await checkServesUserNamespaces(deps, handler);
  const { id, name } = draft;
  deps.sandboxNames.reserve(name, id);
  return deps.locks.run(id, async () => {
    try {
      const record = await recordWithLabels(deps, draft, config);
      const made = await makeSandbox(deps, { record, config, signal });
      await fill?.({ ...record, ...made });
      await deps.sandboxes.update(id, { ...made, step: undefined });
      return id;
    } catch (error) {
      await undo(deps, draft);
      throw error;
    }
  });
}

export function requestedHandler({ handlers }: RuntimeDeps, name: string): Handler {
  const handler = handlers.get(name);
  if (handler) return handler;
  const known = [...handlers.keys()].filter(Boolean).join(", ");
  throw new InvalidArgumentError(`runtime_handler: "${name}" is not configured, known are ${known}`, {
    field: "runtime_handler",
  });
}

interface Making {
  record: SandboxRecord;
  config: PodSandboxConfig;
  signal: AbortSignal | undefined;
}

interface Connecting extends Making {
  attachment: Attachment | undefined;
  /** When the pod was asked for. */
  asked: number;
}

/** Makes everything; what was made when a step fails is known by the record alone. */
async function makeSandbox(
  deps: RuntimeDeps,
  { record, config, signal }: Making,
): Promise<Partial<SandboxRecord>> {
  const asked = performance.now();
  const { id, name, handler, cgroupParent } = record;
  const container = { id, name, handler, cgroupParent, bundle: deps.paths.sandbox(id).directory };
  // What the request asks for is looked at before anything is made.
  const attachment = attachmentOf(record, config);
  const spec = await specFor(deps, record, config);
  await writeBundle(deps, container, spec);
  if (record.userns) await openToUsers(container.bundle, record.userns);
  if (attachment) await makeNetns(deps, record, attachment.netns);
  const connected = connect(deps, { record, config, signal, attachment, asked });
  // Neither needs the other, unless the OCI runtime may have to set something of the pod's interface.
  if (setsNetwork(config)) await connected;
  const [ips, { init, monitor }] = await allDone([connected, createOciContainer(deps, container)]);
  await requireHandler(deps, handler).runc.start(id, init);
  signal?.throwIfAborted();
  return { ips, pause: init, monitor };
}

/** Joins the network, and makes what all containers see, the addresses among it. Gives these, the primary one first. */
async function connect(
  deps: RuntimeDeps,
  { record, config, signal, attachment, asked }: Connecting,
): Promise<string[]> {
  const ips = attachment ? (await deps.cni.add(attachment, { signal, asked })).ips : [];
  signal?.throwIfAborted();
  await makeSandboxFiles(deps, { record, config, ips });
  return ips;
}

function setsNetwork({ linux }: PodSandboxConfig): boolean {
  return Object.keys(linux?.sysctls ?? {}).some((name) => name.startsWith("net"));
}

async function specFor(deps: RuntimeDeps, record: SandboxRecord, config: PodSandboxConfig): Promise<OciSpec> {
  const spec = sandboxSpec({
    config,
    rootfs: deps.paths.pauseRootfs,
    netns: record.netns,
    userns: record.userns && { path: deps.paths.sandbox(record.id).userns, ids: record.userns },
    hostname: record.hostname,
    cgroupsPath: deps.cgroups.containerPath(record.cgroupParent, record.id),
    host: specHost(deps),
    profiles: await seccompProfiles(deps, config.linux?.securityContext),
    appArmor: await appArmorProfiles(deps, config.linux?.securityContext),
    selinux: record.selinux,
  });
  return { ...spec, annotations: podAnnotations(record) };
}

async function undo(deps: RuntimeDeps, record: SandboxRecord): Promise<void> {
  try {
    if (deps.sandboxes.get(record.id)) await discardSandbox(deps, record);
    else deps.sandboxNames.release(record.name, record.id);
  } catch (error) {
    deps.log.error("A sandbox that could not be made was not wholly undone", { id: record.id, error });
  }
}
