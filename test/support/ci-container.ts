import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "./until.js";

// Joins a control group of its own in every tree, as a container is in one.
const outer = `
for tree in $TREES; do
  mkdir $tree/$NAME
  for file in cpuset.cpus cpuset.mems; do [ ! -e $tree/$file ] || cat $tree/$file > $tree/$NAME/$file; done
  echo $$ > $tree/$NAME/cgroup.procs
done
exec unshare --cgroup --pid --fork --kill-child --mount-proc sh -ec "$INNER" sh "$@"`;

// Sees only its own control groups and network, has its temporary directory on an overlay, forwards nothing by
// itself, as beside Docker, and has a first process that does not reap.
const inner = `
for tree in $TREES; do mount --bind $tree/$NAME $tree; done
mount --rbind /sys/fs/cgroup $PLACE/cgroup
mount -t sysfs sysfs /sys
mount --rbind $PLACE/cgroup /sys/fs/cgroup
mount -t tmpfs tmpfs $PLACE/upper
mkdir $PLACE/upper/u $PLACE/upper/w
mount -t overlay overlay $TMPDIR -o lowerdir=$PLACE/lower,upperdir=$PLACE/upper/u,workdir=$PLACE/upper/w
ip link set lo up
iptables -P FORWARD DROP
"$@" &
exec sleep 600`;

/**
 * Runs a script of Node's in what a privileged container of a CI job looks like from inside, and resolves to
 * the first line that it prints. All that it leaves is killed.
 */
export async function runInContainer(directory: string, script: string): Promise<string> {
  const name = `crikit-ci-${process.pid}`;
  for (const each of ["cgroup", "upper", "lower", "tmp"]) await mkdir(join(directory, each));
  const trees = await cgroupTrees();
  const env = {
    ...process.env,
    ...{ TREES: trees.join(" "), NAME: name, INNER: inner, PLACE: directory, TMPDIR: join(directory, "tmp") },
  };
  const namespaces = ["--mount", "--net", "--ipc", "--uts"];
  const container = spawn("unshare", [...namespaces, "sh", "-ec", outer, "sh", process.execPath, script], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(container, "exit");
  try {
    for await (const line of createInterface({ input: container.stdout })) return line;
    throw new Error("The container's process ended without a word");
  } finally {
    container.kill("SIGKILL");
    await exited;
    for (const tree of trees) await removeGroup(join(tree, name));
  }
}

async function cgroupTrees(): Promise<string[]> {
  const list = spawn("findmnt", ["-rno", "TARGET", "-t", "cgroup,cgroup2"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const trees: string[] = [];
  for await (const line of createInterface({ input: list.stdout })) trees.push(line);
  return trees;
}

// Its processes have been killed, which takes a moment.
async function removeGroup(group: string): Promise<void> {
  await until(`control group ${group} is empty`, async () => {
    const remove = spawn("find", [group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], {
      stdio: "ignore",
    });
    await once(remove, "exit");
    return !existsSync(group);
  });
}
