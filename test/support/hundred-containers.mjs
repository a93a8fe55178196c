// Runs a hundred containers, reaches out from one of them, and says what processes are left
// that nobody has reaped. Plain JavaScript on the built package: it is run where tsx has no place.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connect } from "crikit";
import { busyboxImage, startRuntime } from "crikit/testing";

const image = "crikit.test/busybox:1";

function zombies() {
  const stats = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "utf8");
      } catch {
        return "";
      }
    });
  return stats.filter((stat) => /\) Z /.test(stat)).map((stat) => stat.slice(0, stat.indexOf(")") + 1));
}

async function run(command) {
  await once(spawn("sh", ["-ec", command], { stdio: ["ignore", "ignore", "inherit"] }), "exit");
}

// A machine beyond this one: a namespace at the other end of a cable, which answers a ping.
async function makeWorldOutside() {
  const holder = spawn("unshare", ["--net", "sleep", "600"], { stdio: "ignore" });
  await run(`
    until [ "$(readlink /proc/${holder.pid}/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
    ip link add inside type veth peer name outside
    ip link set outside netns ${holder.pid}
    ip address add 192.0.2.1/24 dev inside; ip link set inside up
    nsenter -t ${holder.pid} -n sh -ec 'ip address add 192.0.2.2/24 dev outside; ip link set outside up'`);
  return () => holder.kill();
}

async function main() {
  const closeWorld = await makeWorldOutside();
  const runtime = await startRuntime();
  await runtime.importImage({ ref: image, ...(await busyboxImage()) });
  const cri = await connect(runtime.endpoint, { logRoot: join(dirname(runtime.root), "pods") });
  const pod = await cri.pods.run({ metadata: { name: "ci" } });
  const config = (name, command) => ({ metadata: { name }, image: { image }, command });
  const main = await pod.runContainer(config("main", ["sleep", "600"]));
  const { exitCode } = await main.exec(["ping", "-c", "1", "-W", "10", "192.0.2.2"]);
  for (let batch = 0; batch < 25; batch += 1) {
    const names = [0, 1, 2, 3].map((number) => `c${batch}-${number}`);
    await Promise.all(
      names.map(async (name) => {
        const container = await pod.runContainer(config(name, ["true"]));
        await container.wait();
        await container.remove();
      }),
    );
  }
  const { ips } = await pod.status();
  cri.close();
  await runtime[Symbol.asyncDispose]();
  closeWorld();
  return {
    ips,
    hasReachedOut: exitCode === 0,
    zombies: zombies().filter((who) => !/\((unshare|sleep)\)/.test(who)),
  };
}

main().then(
  (told) => console.log(JSON.stringify(told)),
  (error) => console.log(JSON.stringify({ error: String(error?.stack) })),
);
