import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";

import { ContainerConfigSchema, NamespaceMode, PodSandboxConfigSchema } from "../../../src/proto.js";
import { detectCgroups } from "../../../src/runtime/adapters/cgroups/cgroups.js";
import { readDevices } from "../../../src/runtime/adapters/host/devices.js";
import { readHostFacts } from "../../../src/runtime/adapters/host/host-facts.js";
import { findMountSource, makeMountSource } from "../../../src/runtime/adapters/host/mount-source.js";
import { readSeccompFile } from "../../../src/runtime/adapters/host/seccomp-file.js";
import { createNetns } from "../../../src/runtime/adapters/netns/netns.js";
import type { OciProcess, OciSpec } from "../../../src/runtime/oci.js";
import { type ContainerSpecInput, containerSpec } from "../../../src/runtime/spec/container-spec.js";
import { devicePaths } from "../../../src/runtime/spec/devices.js";
import type { SpecHost } from "../../../src/runtime/spec/host.js";
import { sandboxSpec } from "../../../src/runtime/spec/sandbox-spec.js";
import { seccompFile } from "../../../src/runtime/spec/seccomp-choice.js";

export type PodConfig = Exclude<MessageInitShape<typeof PodSandboxConfigSchema>, Message>;
export type ContainerConfig = Exclude<MessageInitShape<typeof ContainerConfigSchema>, Message>;

export interface Output {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A pause container run by the real runc from what `sandboxSpec` wrote, and containers that join it. */
export interface RealPod extends AsyncDisposable {
  pid: number;
  /** The containers' root filesystem: busybox with its links, and nothing else. */
  rootfs: string;
  directory: string;
  /** Runs a container to its end with the real runc. */
  run(config: ContainerConfig, change?: Partial<ContainerSpecInput>): Promise<Output>;
  /** Runs a container that must succeed and say nothing on stderr; gives its output without the last newline. */
  output(config: ContainerConfig, change?: Partial<ContainerSpecInput>): Promise<string>;
  /** Runs a container in the background, for `exec`; ended with the pod. */
  start(config: ContainerConfig, change?: Partial<ContainerSpecInput>): Promise<StartedContainer>;
}

export interface StartedContainer {
  pid: number;
  spec: OciSpec;
  exec(process: OciProcess): Promise<Output>;
}

/** A container that runs a script. */
export function sh(script: string, rest: ContainerConfig = {}): ContainerConfig {
  return { command: ["sh", "-c", script], ...rest };
}

export async function hostOfTests(): Promise<SpecHost> {
  const [facts, { version }] = await Promise.all([readHostFacts(), detectCgroups()]);
  return { ...facts, cgroupVersion: version };
}

export async function startPod(config: PodConfig = {}): Promise<RealPod> {
  const pod = new Pod(await mkdtemp(join(tmpdir(), "crikit-spec-")));
  try {
    await pod.begin(config);
    return pod;
  } catch (error) {
    await pod[Symbol.asyncDispose]();
    throw error;
  }
}

class Pod implements RealPod {
  readonly rootfs: string;
  readonly #runcRoot: string;
  readonly #netns: string;
  readonly #cgroup = `/crikit-spec-${randomBytes(6).toString("hex")}`;
  readonly #started: string[] = [];
  #netnsMade = false;
  #privileged = false;
  pid = 0;

  constructor(readonly directory: string) {
    this.rootfs = join(directory, "rootfs");
    this.#runcRoot = join(directory, "runc");
    this.#netns = join(directory, "netns");
  }

  async begin(init: PodConfig): Promise<void> {
    const config = create(PodSandboxConfigSchema, init);
    const security = config.linux?.securityContext;
    this.#privileged = security?.privileged ?? false;
    await makeRootfs(this.rootfs);
    await makePauseRootfs(join(this.directory, "pause"));
    for (const name of ["hosts", "hostname", "resolv.conf"]) {
      await writeFile(join(this.directory, name), `${name} of the pod\n`);
    }
    await mkdir(join(this.directory, "shm"));
    const ownNetwork = security?.namespaceOptions?.network !== NamespaceMode.NODE;
    if (ownNetwork) {
      await createNetns().create(this.#netns);
      this.#netnsMade = true;
    }
    const spec = sandboxSpec({
      config,
      rootfs: join(this.directory, "pause"),
      netns: ownNetwork ? this.#netns : undefined,
      userns: undefined,
      hostname: config.hostname || "of-the-pod",
      cgroupsPath: `${this.#cgroup}/pause`,
      host: await hostOfTests(),
      profiles: {
        runtimeDefault: await readSeccompFile("/usr/share/containers/seccomp.json"),
        localhost: await readSeccompFile(seccompFile(security)),
      },
      appArmor: undefined,
      selinux: undefined,
    });
    this.pid = await this.#startInBackground("pause", spec);
  }

  async run(init: ContainerConfig, change: Partial<ContainerSpecInput> = {}): Promise<Output> {
    const id = randomBytes(6).toString("hex");
    const bundle = await this.#bundle(id, await this.#spec(id, init, change));
    try {
      return await this.#runc("run", "--bundle", bundle, id);
    } finally {
      await this.#runc("delete", "--force", id);
    }
  }

  async output(init: ContainerConfig, change: Partial<ContainerSpecInput> = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(init, change);
    if (exitCode === 0 && stderr === "") return stdout.trimEnd();
    throw new Error(`The container ended with ${exitCode}: ${stdout}${stderr}`);
  }

  async start(init: ContainerConfig, change: Partial<ContainerSpecInput> = {}): Promise<StartedContainer> {
    const id = randomBytes(6).toString("hex");
    const spec = await this.#spec(id, init, change);
    const pid = await this.#startInBackground(id, spec);
    return {
      pid,
      spec,
      exec: async (process) => {
        const file = join(this.directory, `${id}-exec.json`);
        await writeFile(file, JSON.stringify(process));
        return this.#runc("exec", "--process", file, id);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#started.reverse()) await this.#runc("delete", "--force", id);
    if (this.#netnsMade) await createNetns().remove(this.#netns);
    await (await detectCgroups()).remove(this.#cgroup);
    await rm(this.directory, { recursive: true, force: true });
  }

  async #spec(id: string, init: ContainerConfig, change: Partial<ContainerSpecInput>): Promise<OciSpec> {
    const config = create(ContainerConfigSchema, init);
    const file = (name: string) => join(this.directory, name);
    const devices = await Promise.all(
      devicePaths(config).map(async (path) => [path, (await readDevices(path)) ?? []] as const),
    );
    const sources = await Promise.all(
      config.mounts.map(async ({ hostPath }, index) => {
        const source = await findMountSource(hostPath);
        await makeMountSource(source.path);
        return [index, source] as const;
      }),
    );
    return containerSpec({
      config,
      image: { env: [], entrypoint: [], cmd: [], workingDir: "" },
      user: { uid: 0, gid: 0 },
      rootfs: this.rootfs,
      sandbox: {
        pid: this.pid,
        hostname: "of-the-pod",
        privileged: this.#privileged,
        ids: undefined,
        files: {
          hosts: file("hosts"),
          hostname: file("hostname"),
          resolvConf: file("resolv.conf"),
          shm: file("shm"),
        },
      },
      targetPid: undefined,
      hostDevices: new Map(devices),
      volumes: [],
      mountSources: new Map(sources),
      cgroupsPath: `${this.#cgroup}/${id}`,
      host: await hostOfTests(),
      profiles: {
        runtimeDefault: await readSeccompFile("/usr/share/containers/seccomp.json"),
        localhost: await readSeccompFile(seccompFile(config.linux?.securityContext)),
      },
      appArmor: undefined,
      selinux: undefined,
      ...change,
    });
  }

  async #startInBackground(id: string, spec: OciSpec): Promise<number> {
    const bundle = await this.#bundle(id, spec);
    this.#started.push(id);
    // The container keeps what it is started with, so no pipe that would have to be read for as long as it runs.
    const log = await open(join(bundle, "stderr"), "w");
    const pidFile = join(bundle, "pid");
    const args = ["--root", this.#runcRoot, "run", "--detach", "--bundle", bundle, "--pid-file", pidFile, id];
    const [exitCode] = await once(spawn("runc", args, { stdio: ["ignore", "ignore", log.fd] }), "exit");
    await log.close();
    if (exitCode !== 0) throw new Error(await readFile(join(bundle, "stderr"), "utf8"));
    return Number(await readFile(pidFile, "utf8"));
  }

  async #bundle(id: string, spec: OciSpec): Promise<string> {
    const bundle = join(this.directory, `bundle-${id}`);
    await mkdir(bundle);
    await writeFile(join(bundle, "config.json"), JSON.stringify(spec));
    return bundle;
  }

  async #runc(...args: string[]): Promise<Output> {
    const child = spawn("runc", ["--root", this.#runcRoot, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [exitCode]] = await Promise.all([
      child.stdout.setEncoding("utf8").toArray(),
      child.stderr.setEncoding("utf8").toArray(),
      once(child, "close"),
    ]);
    return { exitCode, stdout: stdout.join(""), stderr: stderr.join("") };
  }
}

async function makeRootfs(directory: string): Promise<void> {
  for (const name of ["bin", "dev", "etc", "proc", "sys", "tmp"]) {
    await mkdir(join(directory, name), { recursive: true });
  }
  await copyFile("/bin/busybox", join(directory, "bin/busybox"));
  for (const name of ["sh", "cat", "id", "ls", "mount", "mknod", "sleep", "hostname", "chroot", "env"]) {
    await symlink("busybox", join(directory, "bin", name));
  }
}

async function makePauseRootfs(directory: string): Promise<void> {
  for (const name of ["dev", "proc", "sys"]) await mkdir(join(directory, name), { recursive: true });
  await copyFile("/usr/bin/catatonit", join(directory, "catatonit"));
}
