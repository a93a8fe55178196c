import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { watch } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Cgroups, detectCgroups } from "../../../../src/runtime/adapters/cgroups/cgroups.js";
import {
  type Conmon,
  type ConmonCreate,
  createConmon,
  type Exit,
  type MonitoredContainer,
  readExitFile,
} from "../../../../src/runtime/adapters/conmon/conmon.js";
import { unmountBelow } from "../../../../src/runtime/adapters/mounts.js";
import { isAlive, killTree } from "../../../../src/runtime/adapters/process.js";
import { createRunc, type Runc } from "../../../../src/runtime/adapters/runc/runc.js";
import type { OciProcess, OciResources, OciSpec } from "../../../../src/runtime/oci.js";

export interface Change extends Partial<ConmonCreate> {
  resources?: OciResources;
}

/** Real runc and conmon on a root file system of busybox, in a temporary directory. */
export class BusyboxHost implements AsyncDisposable {
  readonly runcRoot: string;
  readonly exits: string;
  readonly cgroupParent = `/crikit-adapters-${randomBytes(6).toString("hex")}`;
  readonly runc: Runc;
  readonly conmon: Conmon = createConmon({ path: "conmon" });
  readonly #made: { id: string; container: MonitoredContainer | undefined }[] = [];

  private constructor(
    readonly directory: string,
    readonly cgroups: Cgroups,
  ) {
    this.runcRoot = join(directory, "runc");
    this.exits = join(directory, "exits");
    this.runc = createRunc({ path: "runc", root: this.runcRoot });
  }

  static async make(): Promise<BusyboxHost> {
    const host = new BusyboxHost(await mkdtemp(join(tmpdir(), "crikit-adapters-")), await detectCgroups());
    for (const name of ["bin", "dev", "proc", "tmp"]) {
      await mkdir(join(host.directory, "rootfs", name), { recursive: true });
    }
    await copyFile("/bin/busybox", join(host.directory, "rootfs/bin/busybox"));
    for (const name of ["sh", "cat", "sleep", "echo", "tail", "true"]) {
      await symlink("busybox", join(host.directory, "rootfs/bin", name));
    }
    return host;
  }

  /** A container ID, a bundle with its spec, and what conmon is to be asked. */
  async prepare(args: string[], change: Change = {}): Promise<ConmonCreate> {
    const { resources, ...conmon } = change;
    const id = randomBytes(32).toString("hex");
    const bundle = join(this.directory, id.slice(0, 8));
    await mkdir(bundle);
    await this.runc.writeBundle(bundle, this.#spec(id, { args, terminal: change.terminal, resources }));
    return {
      id,
      name: "test",
      bundle,
      runtime: {
        handler: "runc",
        path: "/usr/sbin/runc",
        root: this.runcRoot,
        args: [],
        systemdCgroup: false,
      },
      logPath: join(bundle, "log"),
      exitDirectory: this.exits,
      persistDirectory: join(bundle, "persist"),
      attachDirectory: join(this.directory, "a"),
      terminal: false,
      stdin: false,
      stdinOnce: false,
      ...conmon,
    };
  }

  async create(request: ConmonCreate): Promise<MonitoredContainer> {
    const made: { id: string; container: MonitoredContainer | undefined } = {
      id: request.id,
      container: undefined,
    };
    this.#made.push(made);
    made.container = await this.conmon.create(request);
    return made.container;
  }

  async run(args: string[], change: Change = {}): Promise<ConmonCreate & MonitoredContainer> {
    const request = await this.prepare(args, change);
    const container = await this.create(request);
    await this.runc.start(request.id, container.init);
    return { ...request, ...container };
  }

  /** Waits for the container's end as the daemon does. */
  async exitOf({ id }: { id: string }): Promise<Exit> {
    const watcher = watch(this.exits);
    try {
      for (;;) {
        const changed = once(watcher, "change", { signal: AbortSignal.timeout(10_000) });
        changed.catch(() => {});
        const exit = readExitFile(this.exits, id);
        if (exit) return exit;
        await changed;
      }
    } finally {
      watcher.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id, container } of this.#made.reverse()) {
      await this.runc.delete(id, { force: true });
      if (container && (await isAlive(container.monitor))) await killTree(container.monitor);
    }
    await this.cgroups.remove(this.cgroupParent);
    await unmountBelow(this.directory);
    await rm(this.directory, { recursive: true, force: true });
  }

  #spec(
    id: string,
    {
      args,
      terminal,
      resources,
    }: { args: string[]; terminal: boolean | undefined; resources: OciResources | undefined },
  ): OciSpec {
    return {
      ociVersion: "1.0.2",
      process: { ...processOf(args), terminal },
      root: { path: join(this.directory, "rootfs") },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs" },
        { destination: "/dev/pts", type: "devpts", source: "devpts" },
      ],
      linux: {
        resources,
        namespaces: [{ type: "pid" }, { type: "mount" }, { type: "ipc" }, { type: "uts" }],
        cgroupsPath: this.cgroups.containerPath(this.cgroupParent, id),
      },
    };
  }
}

export function processOf(args: string[]): OciProcess {
  return { user: { uid: 0, gid: 0 }, args, env: ["PATH=/bin"], cwd: "/" };
}
