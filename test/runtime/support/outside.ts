import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createNetns } from "../../../src/runtime/adapters/netns/netns.js";
import { runCommand } from "../../../src/runtime/adapters/run-command.js";
import type { Place } from "./echo.js";

export interface NetworkNamespace extends AsyncDisposable {
  readonly netns: string;
}

/** An empty network, as of a machine with no cable. */
export async function makeNamespace(): Promise<NetworkNamespace> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-ns-"));
  const netns = join(directory, "netns");
  await createNetns().create(netns);
  return {
    netns,
    async [Symbol.asyncDispose]() {
      await createNetns().remove(netns);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Outside extends NetworkNamespace {
  readonly address: string;
  /** The host's address on the link between the two. */
  readonly hostAddress: string;
}

/**
 * Another machine, joined to the host by a link, or to a namespace that plays the host. It knows no way but
 * to the host's own address, like the rest of the world.
 */
export async function makeOutside(host?: Place): Promise<Outside> {
  const namespace = await makeNamespace();
  const { netns } = namespace;
  const [near, far] = [`crkv${randomBytes(4).toString("hex")}`, "eth0"];
  const link = `198.18.${randomInt(256)}`;
  const [hostAddress, address] = [`${link}.1`, `${link}.2`];
  await inPlace(host, "ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", netns);
  await inPlace(host, "ip", "addr", "add", `${hostAddress}/30`, "dev", near);
  await inPlace(host, "ip", "link", "set", near, "up");
  await inPlace(netns, "ip", "addr", "add", `${address}/30`, "dev", far);
  await inPlace(netns, "ip", "link", "set", far, "up");
  // The other end goes with the namespace, unless somebody still holds that.
  return {
    netns,
    address,
    hostAddress,
    async [Symbol.asyncDispose]() {
      await inPlace(host, "ip", "link", "delete", near);
      await namespace[Symbol.asyncDispose]();
    },
  };
}

/** Runs a program in a network namespace, or on the host, and gives what it prints. */
export async function inPlace(place: Place, ...command: string[]): Promise<string> {
  const [file = "", ...args] = place === undefined ? command : ["nsenter", `--net=${place}`, ...command];
  return (await runCommand(file, args)).stdout;
}
