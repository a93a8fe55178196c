import { mkdirSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../errors.js";
import { isMonitorOf, type MonitoredContainer, type RestoreFrom } from "../adapters/conmon/conmon.js";
import { identifyProcess, killTree, type ProcessIdentity, waitUntilGone } from "../adapters/process.js";
import type { RuncState } from "../adapters/runc/runc.js";
import type { Handler, LifecycleDeps } from "../deps.js";
import type { OciSpec } from "../oci.js";
import { isHeld } from "./held.js";

type OciDeps = Pick<LifecycleDeps, "paths" | "handlers" | "locks" | "cgroups" | "conmon">;

/** What the OCI runtime, the monitor and the kernel hold for a sandbox's pause process or for a container. */
export interface OciContainer {
  id: string;
  handler: string;
  bundle: string;
  cgroupParent: string;
  monitor?: ProcessIdentity | undefined;
}

const monitorGraceMs = 2000;

export interface OciCreate extends OciContainer {
  name: string;
  logPath?: string | undefined;
  maxLogBytes?: number | undefined;
  terminal?: boolean;
  stdin?: boolean;
  stdinOnce?: boolean;
  /** Runs on from a checkpoint in place of being created. */
  restore?: RestoreFrom | undefined;
}

export async function writeBundle(deps: OciDeps, container: OciContainer, spec: OciSpec): Promise<void> {
  mkdirSync(container.bundle, { recursive: true, mode: 0o700 });
  await requireHandler(deps, container.handler).runc.writeBundle(container.bundle, spec);
}

/** Creates the container of a bundle under a monitor. What a failure leaves is for `endOciContainer`. */
export async function createOciContainer(deps: OciDeps, create: OciCreate): Promise<MonitoredContainer> {
  const {
    id,
    name,
    bundle,
    logPath,
    maxLogBytes,
    terminal = false,
    stdin = false,
    stdinOnce = false,
    restore,
  } = create;
  const { name: handler, path, root, args } = requireHandler(deps, create.handler);
  void deps.cgroups.expectMove();
  const persistDirectory = join(deps.paths.persist, id);
  mkdirSync(persistDirectory, { recursive: true, mode: 0o700 });
  return deps.conmon.create({
    id,
    name,
    bundle,
    runtime: { handler, path, root, args, systemdCgroup: deps.cgroups.isSystemd(create.cgroupParent) },
    logPath,
    maxLogBytes,
    exitDirectory: deps.paths.exits,
    persistDirectory,
    attachDirectory: deps.paths.attach,
    terminal,
    stdin,
    stdinOnce,
    restore,
  });
}

/** Kills what is left of the processes and frees all that is held for them. Nothing left: done. */
export function endOciContainer(
  deps: OciDeps,
  container: OciContainer & {
    /** The container's own command is known to have been run; otherwise the OCI runtime is asked. */
    hasBegun?: boolean;
  },
): Promise<void> {
  return exclusively(deps, container.id, async () => {
    const { id, handler, cgroupParent, hasBegun = false } = container;
    if (!isHeld(deps, id)) return;
    const monitor = await findMonitor(container);
    const { runc } = requireHandler(deps, handler);
    // What has not begun has no end to report, and with the monitor goes an OCI runtime that still creates it.
    if (monitor && !hasBegun && !mayHaveBegun(await runc.state(id))) await killTree(monitor);
    await deps.cgroups.kill(cgroupParent, id);
    if (monitor) await endMonitor(monitor);
    // Last: runc looks only every 100 ms whether a process that it kills has gone.
    if (hasBegun) await deleteEnded(deps, container);
    else await deleteUnbegun(deps, container);
    await forget(deps, container);
  });
}

interface Ended extends OciContainer {
  /** Whether processes may have outlived its init. */
  killGroup: boolean;
  /** Told when none is left. What is held for them is freed after that. */
  onNoneLeft: () => void;
}

/** Frees what the OCI runtime holds for a container whose init process has ended. */
export function freeOciContainer(deps: OciDeps, container: Ended): Promise<void> {
  return exclusively(deps, container.id, async () => {
    if (!isHeld(deps, container.id)) return;
    if (container.killGroup) await deps.cgroups.kill(container.cgroupParent, container.id);
    container.onNoneLeft();
    await deleteEnded(deps, container);
    await forget(deps, container);
  });
}

/** Groups that systemd has made are for it to remove, and only the OCI runtime knows of one that is not where it should be. */
async function deleteEnded(
  deps: OciDeps,
  { id, handler, bundle, cgroupParent }: OciContainer,
): Promise<void> {
  const { cgroups } = deps;
  const group = cgroups.containerGroup(cgroupParent, id);
  const isOurs = !cgroups.isSystemd(cgroupParent) && cgroups.exists(group);
  const removeGroup = isOurs ? () => cgroups.remove(group) : undefined;
  await requireHandler(deps, handler).runc.deleteEnded(id, { bundle, removeGroup });
}

/** An OCI runtime that died as it created the container has told nobody yet that there is a control group. */
async function deleteUnbegun(deps: OciDeps, { id, handler, cgroupParent }: OciContainer): Promise<void> {
  const { cgroups } = deps;
  await requireHandler(deps, handler).runc.delete(id, { force: true });
  if (!cgroups.isSystemd(cgroupParent)) await cgroups.remove(cgroups.containerGroup(cgroupParent, id));
}

/** Resolves when what is being freed for a container, or is to be, has been. */
export function whenFreed(deps: Pick<LifecycleDeps, "locks">, id: string): Promise<void> {
  return exclusively(deps, id, async () => {});
}

/** A handler that has left the configuration cannot be called any more, but its containers can be known. */
export function requireHandler({ handlers }: Pick<LifecycleDeps, "handlers">, name: string): Handler {
  const handler = handlers.get(name) ?? handlers.get("");
  if (!handler) throw new CriError("internal", "There is no default handler");
  return handler;
}

/** The OCI runtime does not bear two calls about one container at once. */
export function exclusively<T>(
  deps: Pick<LifecycleDeps, "locks">,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  return deps.locks.run(`oci ${id}`, work);
}

/** The directory of the monitor's reports goes last: with it nothing counts as held. */
async function forget(deps: OciDeps, { id, handler, cgroupParent }: OciContainer): Promise<void> {
  const { paths, cgroups } = deps;
  // The program that would remove its group is not known any more.
  if (!deps.handlers.has(handler)) await cgroups.remove(cgroups.containerGroup(cgroupParent, id));
  for (const directory of [paths.exits, paths.attach, paths.persist]) {
    await rm(join(directory, id), { recursive: true, force: true });
  }
}

/** Whether the container's own command may have run. */
function mayHaveBegun(state: RuncState | undefined): boolean {
  return state !== undefined && state.status !== "creating" && state.status !== "created";
}

/** The live monitor; undefined when there is none. */
export async function findMonitor(container: OciContainer): Promise<ProcessIdentity | undefined> {
  const { bundle, id } = container;
  const monitor = container.monitor ?? (await readMonitorFile(bundle));
  return monitor && (await isMonitorOf(id, monitor)) ? monitor : undefined;
}

/** The daemon died before it could record the monitor: its pid file is all there is. */
async function readMonitorFile(bundle: string): Promise<ProcessIdentity | undefined> {
  const pid = Number(await readFile(join(bundle, "conmon.pid"), "utf8").catch(() => ""));
  return Number.isInteger(pid) && pid > 1 ? identifyProcess(pid) : undefined;
}

/** A monitor goes by itself once its container has ended; one that does not is made to. */
async function endMonitor(monitor: ProcessIdentity): Promise<void> {
  const timeout = AbortSignal.timeout(monitorGraceMs);
  await waitUntilGone(monitor, timeout).catch(async () => {
    await killTree(monitor);
  });
}
