import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { carryFailures } from "../api/carry-failures.js";
import type { CriClient } from "../api/client.js";
import { limitTime } from "../api/time-limit.js";
import { abortable } from "../async/abort.js";
import { Rollback } from "../async/rollback.js";
import { DeadlineError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { PodPlan } from "./manifest/plan.js";
import { type Manifest, type ManifestObjects, readManifest } from "./manifest/read-manifest.js";
import { Changes, PlayedPod } from "./played-pod.js";
import type { PlayedContainerStatus } from "./status.js";
import { Exits } from "./supervise/exits.js";
import type { PullPolicy } from "./supervise/obtain-image.js";
import type { PodContext } from "./supervise/pod-context.js";
import { PodRun } from "./supervise/pod-run.js";
import type { RestartBackoffOptions } from "./supervise/restart-backoff.js";
import { readNodeFacts } from "./translate/facts.js";
import type { UserRange } from "./translate/user-range.js";
import { podUsers } from "./users/pod-users.js";
import { PodVolumes } from "./volumes/pod-volumes.js";

/** How a manifest is played, and what it refers to. */
export interface PlayPodOptions extends CallOptions, ManifestObjects {
  /** Gives up the start. A pod that runs is ended by dispose alone. */
  signal?: AbortSignal | undefined;
  /** How long it may take until all containers have been started, in milliseconds; no limit unless told. */
  timeoutMs?: number | undefined;
  /** When images are pulled, in place of what the manifest says. */
  pullPolicy?: PullPolicy | undefined;
  /** How long containers that keep ending wait; kubelet's 10 s, doubled up to 5 min, unless told. */
  backoff?: RestartBackoffOptions | undefined;
  /** Where the pod's directory with its volumes is made; the system's temporary directory unless told. */
  directory?: string | undefined;
  /** Where the pod's log directory is made, if not where the client was told to; see `ConnectOptions.logRoot`. */
  logRoot?: string | undefined;
  /** The control group to run the pod in; the runtime's own choice unless told. */
  cgroupParent?: string | undefined;
  /**
   * Who the users of a pod with `hostUsers: false` are on the host. Unless told it is one of the 110 ranges of 65536
   * IDs from 65536 on that kubelet uses, chosen at random among those that no pod of the runtime has.
   */
  userRange?: UserRange | undefined;
}

/**
 * Runs a Kubernetes Pod as kubelet would, and keeps it running: init containers and sidecars in order, then the
 * containers, with volumes, probes, hooks and restarts. Resolves when all containers have been started; what runs from
 * then on is kept until the pod is disposed of. When it cannot be started, nothing of it is left.
 *
 * Must run on the runtime's host, as root where the pod has volumes in memory (Secrets are) or subPaths: these are
 * mounts, which the runtime must see.
 *
 * @throws ManifestError when the manifest has fields that are not carried out, or that cannot be right: all of them, and
 * before anything is made. Also when the runtime has no user namespaces for a pod with `hostUsers: false`.
 * @throws CriError that names the container when one cannot be started, with the code of its cause.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { connect } from "crikit";
 * import { playPod } from "crikit/kube";
 *
 * await using cri = await connect();
 * await using app = await playPod(cri, await readFile("pod.yaml", "utf8"));
 * await app.waitReady({ timeoutMs: 60_000 });
 * for await (const line of app.container("web").logs({ follow: true })) if (line.text === "ready") break;
 * ```
 */
export async function playPod(
  cri: CriClient,
  manifest: Manifest,
  options: PlayPodOptions = {},
): Promise<PlayedPod> {
  const plan = readManifest(manifest, options);
  const limit = limitTime(options, `The start of pod ${plan.pod.metadata.name}`);
  const rollback = new Rollback();
  try {
    limit.signal?.throwIfAborted();
    return await start({ cri, plan, rollback, options, signal: limit.signal });
  } catch (error) {
    const failures = await rollback.run();
    carryFailures(
      error,
      failures.map((failure) => failure.error),
    );
    throw error;
  } finally {
    limit[Symbol.dispose]();
  }
}

interface Start {
  readonly cri: CriClient;
  readonly plan: PodPlan;
  readonly rollback: Rollback;
  readonly options: PlayPodOptions;
  readonly signal: AbortSignal | undefined;
}

async function start({ cri, plan, rollback, options, signal }: Start): Promise<PlayedPod> {
  const { pullPolicy, backoff = {}, directory, cgroupParent, logRoot } = options;
  const { metadata, spec } = plan.pod;
  const { uid = randomUUID() } = metadata;
  const node = readNodeFacts(await readFile("/etc/resolv.conf", "utf8").catch(() => ""));
  const users = await podUsers(cri, plan.pod, { userRange: options.userRange, rollback, signal });
  const canRecurse = await canMountRecursively(cri, plan, signal);
  const volumes = await PodVolumes.create(plan, { rollback, parent: directory });
  await volumes.prepare({ uid, node, podIps: [] });
  const exits = new Exits(cri);
  rollback.add("end the watch", () => exits.close());
  const changes = new Changes();
  const context: PodContext = {
    ...{ cri, plan, uid, node, volumes, users, exits, pullPolicy, backoff, canRecurse },
    tell: (change) => changes.publish(change),
  };
  const run = new PodRun(context, { cgroupParent, logRoot, rollback });
  const end = run.play();
  const over = () => changes.publish("over");
  end.then(over, over);
  try {
    await abortable(run.launched, signal);
  } catch (error) {
    const failures = await run.stop(0);
    const told = error instanceof DeadlineError ? withStates(error, run) : error;
    carryFailures(told, failures);
    throw told;
  }
  const { name, namespace } = metadata;
  const gracePeriodMs = spec.terminationGracePeriodSeconds * 1000;
  return new PlayedPod({ name, namespace, uid, gracePeriodMs, run, end, changes, rollback });
}

/** Says of a start that took too long what it was waiting for. */
function withStates(cause: DeadlineError, { inits, mains }: PodRun): DeadlineError {
  const unfinished = [...inits, ...mains].map(({ state }) => state.status).filter(isUnfinished);
  return new DeadlineError([cause.message, ...unfinished.map(describe)].join("; "), { cause });
}

/** Those that wait for others say nothing of why. */
function isUnfinished({ state, started, reason }: PlayedContainerStatus): boolean {
  return (state === "waiting" && reason !== "PodInitializing") || (state === "running" && !started);
}

function describe({ name, state, reason, message, lastEnd }: PlayedContainerStatus): string {
  const why = [reason, message].filter((text) => text !== "").join(": ");
  const end =
    lastEnd && `its last run ended with exit code ${lastEnd.exitCode} (${lastEnd.message || lastEnd.reason})`;
  return [`container ${name} is ${state}`, why, end].filter((text) => text).join(", ");
}

async function canMountRecursively(
  cri: CriClient,
  { pod: { spec } }: PodPlan,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const mounts = [...spec.initContainers, ...spec.containers].flatMap(({ volumeMounts }) => volumeMounts);
  if (mounts.every(({ recursiveReadOnly }) => recursiveReadOnly === "Disabled")) return false;
  const { handlers } = await cri.info({ signal });
  return (
    handlers.find(({ name }) => name === (spec.runtimeClassName ?? ""))?.recursiveReadOnlyMounts ?? false
  );
}
