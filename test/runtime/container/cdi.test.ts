import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let specs: string;
let pod: string;

beforeAll(async () => {
  test = await startTestRuntime();
  specs = join(test.directory, "cdi");
  await mkdir(specs);
  await test.reload({ cdiSpecDirs: [specs] });
  await pullBusybox(test);
  pod = await runPod(test);
});

afterEach(async () => {
  await rm(specs, { recursive: true });
  await mkdir(specs);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

function write(file: string, spec: object): Promise<void> {
  const whole = { cdiVersion: "0.7.0", kind: "vendor.com/gpu", ...spec };
  return writeFile(join(specs, file), JSON.stringify(whole));
}

const asked = (...names: string[]) => ({
  CDIDevices: names.map((name) => ({ name: `vendor.com/gpu=${name}` })),
});

async function exec(containerId: string, script: string): Promise<string> {
  const { stdout, stderr } = await test.runtime.execSync({
    containerId,
    cmd: ["sh", "-c", script],
    timeout: 20n,
  });
  return Buffer.concat([stdout, stderr]).toString();
}

describe("A container with CDI devices", () => {
  it("has their variables, nodes, mounts and groups, and those of the file once, in commands too", async () => {
    await writeFile(join(test.directory, "library"), "of the driver\n");
    const mounts = [
      { hostPath: join(test.directory, "library"), containerPath: "/lib/v/x", options: ["ro", "bind"] },
    ];
    const device = (name: string, path: string, more = {}) => ({
      name,
      containerEdits: {
        env: [`DEVICE_${name}=yes`],
        deviceNodes: [{ path, hostPath: "/dev/kmsg", ...more }],
      },
    });
    await write("vendor.json", {
      containerEdits: { env: ["DRIVER=1"], mounts, additionalGids: [4242] },
      devices: [
        device("a", "/dev/gpu-a"),
        device("b", "/dev/gpu-b", { permissions: "r" }),
        device("c", "/dev/gpu-c"),
      ],
    });
    const securityContext = { capabilities: { addCapabilities: ["SYSLOG"] } };
    const config = containerConfig(["sleep", "60"], { ...asked("a", "b"), linux: { securityContext } });
    const id = await startContainer(test, pod, config);
    const said = await exec(
      id,
      "echo $DRIVER $DEVICE_a $DEVICE_b -$DEVICE_c-; cat /lib/v/x; ls /dev/gpu-*; id -G",
    );
    expect(said).toBe("1 yes yes --\nof the driver\n/dev/gpu-a\n/dev/gpu-b\n0 4242\n");
    expect(await exec(id, "echo x > /lib/v/x")).toMatch(/Read-only file system/);
    const { user } = await statusOf(test, id);
    expect(user?.linux?.supplementalGroups).toEqual([0n, 4242n]);
  });

  it("may use them as the permissions say", async () => {
    const node = (path: string, permissions: string) => ({ path, hostPath: "/dev/kmsg", permissions });
    const node2 = { path: "/dev/none", hostPath: "/dev/fuse", permissions: "none" };
    const containerEdits = { deviceNodes: [node("/dev/gpu", "r"), node2] };
    await write("vendor.json", { devices: [{ name: "a", containerEdits }] });
    const securityContext = { capabilities: { addCapabilities: ["SYSLOG"] } };
    const id = await startContainer(
      test,
      pod,
      containerConfig(["sleep", "60"], { ...asked("a"), linux: { securityContext } }),
    );
    const said = await exec(id, "(true < /dev/gpu) && echo read; (true >> /dev/gpu); (true < /dev/none)");
    expect(said).toMatch(
      /^read\n.*\/dev\/gpu: Operation not permitted\n.*\/dev\/none: Operation not permitted\n$/,
    );
  });

  it("is asked for by annotations too, each device once", async () => {
    const device = (name: string) => ({ name, containerEdits: { env: [`${name}=1`] } });
    await write("vendor.json", { devices: [device("a"), device("b"), device("c")] });
    const annotations = {
      "cdi.k8s.io/x_1": "vendor.com/gpu=a,vendor.com/gpu=b",
      "other/cdi": "vendor.com/gpu=c",
    };
    const id = await startContainer(
      test,
      pod,
      containerConfig(["sleep", "60"], { ...asked("a"), annotations }),
    );
    expect(await exec(id, "env | grep ^.=1")).toBe("a=1\nb=1\n");
  });

  it("sees a file as it is when the container is created", async () => {
    const variable = async (value: string) => {
      await write("vendor.json", { devices: [{ name: "a", containerEdits: { env: [`V=${value}`] } }] });
      return exec(await startContainer(test, pod, containerConfig(["sleep", "60"], asked("a"))), "echo $V");
    };
    expect([await variable("first"), await variable("second")]).toEqual(["first\n", "second\n"]);
  });

  it("runs the hooks of the device at their points", async () => {
    const done = join(test.directory, "hooks");
    const program = join(test.directory, "hook");
    await writeFile(program, `#!/bin/sh\nread -r state\necho "$1 $WORD \${state%%,*}" >> ${done}\n`);
    await chmod(program, 0o755);
    const hook = (hookName: string) => ({
      hookName,
      path: program,
      args: ["hook", hookName],
      env: ["WORD=w"],
    });
    const hooks = ["createRuntime", "createContainer", "poststart", "poststop"].map(hook);
    await write("vendor.json", { devices: [{ name: "a", containerEdits: { hooks } }] });
    const containerId = await startContainer(test, pod, containerConfig(["sleep", "60"], asked("a")));
    await test.runtime.removeContainer({ containerId });
    const lines = (await readFile(done, "utf8")).trim().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual([
      "createRuntime",
      "createContainer",
      "poststart",
      "poststop",
    ]);
    for (const line of lines) expect(line).toMatch(/ w \{"ociVersion":/);
  });

  it("does not start when a hook fails, and says so", async () => {
    const hooks = [{ hookName: "createRuntime", path: "/bin/false" }];
    await write("vendor.json", { devices: [{ name: "a", containerEdits: { hooks } }] });
    const containerId = await createContainer(test, pod, containerConfig(["sleep", "60"], asked("a")));
    await expect(test.runtime.startContainer({ containerId })).rejects.toThrow(/hook/);
    expect((await statusOf(test, containerId)).reason).toBe("StartError");
  });

  it("may be privileged", async () => {
    const linux = { securityContext: { privileged: true } };
    const privileged = await runPod(test, { linux });
    const deviceNodes = [{ path: "/dev/gpu", hostPath: "/dev/kmsg" }];
    await write("vendor.json", { devices: [{ name: "a", containerEdits: { env: ["V=1"], deviceNodes } }] });
    const config = containerConfig(["sleep", "60"], { ...asked("a"), linux });
    const id = await startContainer(test, privileged, config);
    expect(await exec(id, "echo $V; ls /dev/gpu /dev/kmsg; true >> /dev/gpu && echo open")).toBe(
      "1\n/dev/gpu\n/dev/kmsg\nopen\n",
    );
  });

  it("gives a node to the user that it runs as", async () => {
    const deviceNodes = [{ path: "/dev/gpu", hostPath: "/dev/kmsg", fileMode: 0o600 }];
    await write("vendor.json", { devices: [{ name: "a", containerEdits: { deviceNodes } }] });
    const securityContext = { runAsUser: { value: 1000n }, runAsGroup: { value: 50n } };
    const config = containerConfig(["sleep", "60"], { ...asked("a"), linux: { securityContext } });
    const id = await startContainer(test, pod, config);
    expect(await exec(id, "stat -c '%u %g %a' /dev/gpu")).toBe("1000 50 600\n");
    expect((await stat("/dev/kmsg")).uid).toBe(0);
  });
});

describe("CreateContainer refuses", () => {
  const create = (more: object) => createContainer(test, pod, containerConfig(["true"], more));
  const device = { name: "a", containerEdits: { env: ["A=1"] } };

  it("a device that no file describes, naming the field and what there is", async () => {
    await write("vendor.json", { devices: [device] });
    const refused = create(asked("a", "z"));
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(refused).rejects.toThrow(
      `config.CDI_devices[1].name is "vendor.com/gpu=z", which no CDI specification in ${specs} describes; known are vendor.com/gpu=a`,
    );
  });

  it("a device whose file is broken, saying why, and logs it", async () => {
    await write("broken.json", { devices: [{ ...device, mine: 1 }] });
    const why = `${join(specs, "broken.json")} was passed over: devices[0].mine is no field of the specification`;
    await expect(create(asked("a"))).rejects.toThrow(why);
    expect(test.log.filter((line) => line.includes("A CDI specification is passed over")).at(-1)).toContain(
      "broken.json",
    );
    await write("good.json", { devices: [device] });
    await create(asked("a"));
  });

  it("a device that two files describe", async () => {
    for (const file of ["one.json", "two.json"]) await write(file, { devices: [device] });
    await expect(create(asked("a"))).rejects.toThrow(
      `more than one file describes: ${join(specs, "one.json")}, ${join(specs, "two.json")}`,
    );
  });

  it("a name that is none, in the field and in an annotation", async () => {
    await expect(create({ CDIDevices: [{ name: "/dev/null" }] })).rejects.toThrow(
      'config.CDI_devices[0].name is "/dev/null", which is not a name like vendor.com/class=device',
    );
    await expect(create({ annotations: { "cdi.k8s.io/x": "gpu" } })).rejects.toThrow(
      'config.annotations["cdi.k8s.io/x"] is "gpu"',
    );
  });

  it("a device whose node the host does not have", async () => {
    const containerEdits = { deviceNodes: [{ path: "/dev/none-here" }] };
    await write("vendor.json", { devices: [{ name: "a", containerEdits }] });
    const refused = create(asked("a"));
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(refused).rejects.toThrow(
      `${join(specs, "vendor.json")} asks for device node /dev/none-here`,
    );
  });
});

it("SIGHUP takes up other directories", async () => {
  const other = join(test.directory, "other-cdi");
  await mkdir(other);
  const devices = [{ name: "a", containerEdits: { env: ["A=1"] } }];
  await writeFile(
    join(other, "v.yaml"),
    JSON.stringify({ cdiVersion: "0.7.0", kind: "vendor.com/gpu", devices }),
  );
  const config = () => containerConfig(["true"], asked("a"));
  await expect(createContainer(test, pod, config())).rejects.toThrow("known are none");
  await test.reload({ cdiSpecDirs: [specs, other] });
  await createContainer(test, pod, config());
  await test.reload({ cdiSpecDirs: [specs] });
});
