import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";

import { CriError } from "../../../errors.js";
import type { IdMappings, OciIdMapping } from "../../oci.js";
import { helperEnvironment } from "../helper-environment.js";
import { runCommand } from "../run-command.js";

/** A user namespace to be made, with the file that it is pinned to. */
export interface NewUserns {
  path: string;
  ids: IdMappings;
}

const timeoutMs = 10_000;

/**
 * Makes a user namespace, and a network namespace that belongs to it: its root may then do in that network what
 * root does. Both are mounted on files that must be there, by `mount` from outside: who has entered a user
 * namespace may not.
 */
export async function makeOwnedNetns(path: string, { path: usernsPath, ids }: NewUserns): Promise<void> {
  const child = spawn("unshare", ["--user", "--net", "cat"], {
    env: helperEnvironment(),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  ended.catch(() => {});
  try {
    await hasEntered(child);
    await writeFile(`/proc/${child.pid}/uid_map`, line(ids.uids));
    await writeFile(`/proc/${child.pid}/gid_map`, line(ids.gids));
    await pin(`/proc/${child.pid}/ns/user`, usernsPath);
    await pin(`/proc/${child.pid}/ns/net`, path);
  } finally {
    child.stdin?.destroy();
    child.kill("SIGKILL");
    await ended;
  }
  await runCommand("nsenter", [`--net=${path}`, "ip", "link", "set", "lo", "up"], { timeoutMs });
}

/** It gives back what it is given once it runs, which is once it is where it is to be. */
async function hasEntered({ stdin, stdout, stderr, pid }: ChildProcess): Promise<void> {
  let said = "";
  stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  stdin?.on("error", () => {});
  stdin?.write("\n");
  for await (const _ of stdout ?? []) return;
  const why = said.trim() || (pid === undefined ? "unshare could not be run" : "no reason given");
  throw new CriError("internal", `No user namespace could be made: ${why}`);
}

function line({ containerID, hostID, size }: OciIdMapping): string {
  return `${containerID} ${hostID} ${size}\n`;
}

/** The name of a namespace in /proc is no path, though it looks like a link to one. */
async function pin(namespace: string, path: string): Promise<void> {
  await runCommand("mount", ["--no-canonicalize", "--bind", namespace, path], { timeoutMs });
}
