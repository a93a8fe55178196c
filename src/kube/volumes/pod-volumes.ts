import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Rollback } from "../../async/rollback.js";
import { parseQuantity, units } from "../../quantity.js";
import type { PodPlan } from "../manifest/plan.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadVolume } from "../manifest/schema/volume.js";
import { podAmount } from "../translate/amounts.js";
import type { PodFacts } from "../translate/facts.js";
import { openBeneath } from "./beneath.js";
import { checkHostPath } from "./host-path.js";
import { hostsText } from "./hosts-file.js";
import { bindDescriptor, mountTmpfs, unmount } from "./mounts.js";
import { giveToGroup } from "./ownership.js";
import { holdsSecrets, type VolumeFiles, volumeFiles, writeFiles } from "./volume-files.js";

export interface Volume {
  /** Where it lies on the host. */
  readonly path: string;
  /** All its mounts are read-only. */
  readonly isReadOnly: boolean;
}

/** The directory of a pod, with its volumes and what else its containers mount. The rollback removes it. */
export class PodVolumes {
  readonly #plan: PodPlan;
  readonly #directory: string;
  readonly #rollback: Rollback;
  readonly #volumes = new Map<string, Volume>();
  readonly #subPaths = new Map<string, Promise<string>>();

  private constructor(plan: PodPlan, directory: string, rollback: Rollback) {
    this.#plan = plan;
    this.#directory = directory;
    this.#rollback = rollback;
  }

  /** In a new directory under `parent`, the system's temporary directory unless told. */
  static async create(
    plan: PodPlan,
    { rollback, parent = tmpdir() }: { rollback: Rollback; parent?: string | undefined },
  ): Promise<PodVolumes> {
    const directory = await mkdtemp(join(parent, "crikit-pod-"));
    rollback.add("remove the pod's directory", () => rm(directory, { recursive: true, force: true }));
    return new PodVolumes(plan, directory, rollback);
  }

  /** Makes all volumes of the pod but for images, which are the runtime's. */
  async prepare(facts: PodFacts): Promise<void> {
    const { volumes, securityContext } = this.#plan.pod.spec;
    const { fsGroup } = securityContext ?? {};
    for (const volume of volumes.filter(({ image }) => !image)) {
      const made = await this.#make(volume, volumeFiles(this.#plan, volume, facts));
      this.#volumes.set(volume.name, made);
      if (fsGroup !== undefined && !volume.hostPath) await giveToGroup(made.path, fsGroup, made.isReadOnly);
    }
  }

  /** By its name in the pod. */
  get(name: string): Volume {
    const volume = this.#volumes.get(name);
    if (!volume) throw new Error(`Volume ${name} was not prepared`);
    return volume;
  }

  /**
   * A path of a volume for one mount of a container, held fast: what the pod's processes do to the volume afterwards
   * changes nothing. Made with the first call, as what ran before may have filled the volume.
   */
  async subPath(volume: string, path: string, key: string): Promise<string> {
    const held = this.#subPaths.get(key);
    if (held) return held;
    const holding = this.#hold(this.get(volume).path, path, join(this.#directory, "sub-paths", key));
    this.#subPaths.set(key, holding);
    holding.catch(() => this.#subPaths.delete(key));
    return holding;
  }

  /** An empty file that an attempt at a container writes its last words to. */
  async messageFile({ name }: ReadContainer | ReadInitContainer, attempt: number): Promise<string> {
    const path = join(this.#directory, "containers", name, `message-${attempt}`);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, "");
    await chmod(path, 0o666);
    return path;
  }

  /** The pod's /etc/hosts, written anew for each sandbox, as its addresses change. */
  async hostsFile(names: { readonly hostname: string; readonly ips: readonly string[] }): Promise<string> {
    const path = join(this.#directory, "hosts");
    await writeFile(path, await hostsText(this.#plan.pod.spec, names));
    await chmod(path, 0o644);
    return path;
  }

  async #make(volume: ReadVolume, files: VolumeFiles | undefined): Promise<Volume> {
    const { name, emptyDir, hostPath } = volume;
    if (hostPath) {
      await checkHostPath(hostPath);
      return { path: hostPath.path, isReadOnly: false };
    }
    const path = join(this.#directory, "volumes", name);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    if (emptyDir?.medium === "Memory" || holdsSecrets(volume)) {
      await mountTmpfs(path, { sizeBytes: emptyDir && this.#memorySize(emptyDir.sizeLimit) });
      this.#rollback.add(`unmount the volume ${name}`, () => unmount(path));
    }
    if (files) await writeFiles(path, files);
    return { path, isReadOnly: files !== undefined };
  }

  /** The volume's limit, but no more than the pod itself may take. */
  #memorySize(sizeLimit: string | undefined): bigint | undefined {
    const limit = sizeLimit === undefined ? undefined : parseQuantity(sizeLimit);
    const ofPod = podAmount(this.#plan.pod, "limits", "memory");
    const sizes = [...(limit ? [units(limit)] : []), ...(ofPod > 0n ? [ofPod] : [])];
    return sizes.sort((a, b) => (a < b ? -1 : 1))[0];
  }

  async #hold(volume: string, path: string, target: string): Promise<string> {
    const place = await openBeneath(volume, path);
    try {
      await mkdir(join(target, ".."), { recursive: true });
      if ((await place.stat()).isDirectory()) await mkdir(target);
      else await writeFile(target, "");
      await bindDescriptor(place.fd, target);
    } finally {
      await place.close();
    }
    this.#rollback.add(`unmount ${path} of a volume`, () => unmount(target));
    return target;
  }
}
