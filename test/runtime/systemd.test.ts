import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { claimNetwork } from "../../src/testing/network-claim.js";
import { systemdEnvironment } from "../support/systemd.js";
import { until } from "../support/until.js";

const run = promisify(execFile);
const source = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const unit = source("packaging/systemd/crikit-runtime.service");

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-unit-"));
});

afterEach(() => rm(directory, { recursive: true }));

/** What systemd says of a unit. Its program need not be installed. */
async function verify(text: string): Promise<string> {
  const program = join(directory, "crikit-runtime");
  await writeFile(program, "#!/bin/sh\n");
  await chmod(program, 0o755);
  const file = join(directory, "crikit-runtime.service");
  await writeFile(file, text.replace("/usr/local/bin/crikit-runtime", program));
  const { stdout, stderr } = await run("systemd-analyze", ["verify", "--man=no", file], {
    env: systemdEnvironment(),
  });
  return stdout + stderr;
}

describe("The service's unit", () => {
  it("is one that systemd finds nothing wrong with", async () => {
    const text = await readFile(unit, "utf8");
    expect(await verify(text)).toBe("");
    expect(await verify(text.replace("KillMode=process", "KillMode=proces"))).toContain("kill mode");
  });

  it("leaves containers alone at a stop, and comes back after a crash", async () => {
    const lines = (await readFile(unit, "utf8")).split("\n");
    const wanted = [
      "Type=notify",
      "KillMode=process",
      "Delegate=yes",
      "Restart=always",
      "ExecReload=/bin/kill -HUP $MAINPID",
      "TasksMax=infinity",
    ];
    expect(lines).toEqual(expect.arrayContaining(wanted));
    // systemd empties these at a stop.
    expect(lines.filter((line) => /^(RuntimeDirectory|PrivateTmp|PrivateMounts)=/.test(line))).toEqual([]);
  });

  it("is part of the package", async () => {
    const { files } = JSON.parse(await readFile(source("package.json"), "utf8"));
    expect(files).toContain("packaging");
  });
});

describe("A daemon that systemd has started", () => {
  it("says when it serves and when it stops", async () => {
    const network = await claimNetwork(directory);
    const notify = join(directory, "notify");
    const listener = spawn("socat", ["-u", `UNIX-RECV:${notify}`, "STDOUT"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let told = "";
    listener.stdout.on("data", (data) => {
      told += data;
    });
    const places = ["root", "state"].flatMap((name) => [`--${name}`, join(directory, name)]);
    const net = ["--bridge", network.bridge, "--subnet", network.subnet, "--config", "/dev/null"];
    const main = ["--import", "tsx", source("src/runtime/main.ts")];
    const listen = ["--listen", join(directory, "s")];
    await until("the listener is there", () => readable(notify));
    const daemon = spawn(process.execPath, [...main, ...listen, ...places, ...net], {
      env: { ...systemdEnvironment(), NOTIFY_SOCKET: notify },
      stdio: ["ignore", "ignore", "inherit"],
    });
    try {
      await until("it is ready", async () => told.includes("READY=1"));
      expect(told).toContain(`STATUS=Serves unix://${directory}/s`);
      daemon.kill("SIGTERM");
      expect(await once(daemon, "exit")).toEqual([0, null]);
      await until("it has said so", async () => told.includes("STOPPING=1"));
    } finally {
      daemon.kill("SIGKILL");
      listener.kill("SIGTERM");
      await run(process.execPath, [...main, "purge", ...places, ...net]);
      await network.release();
    }
  });
});

async function readable(path: string): Promise<boolean> {
  return run("test", ["-S", path]).then(
    () => true,
    () => false,
  );
}
