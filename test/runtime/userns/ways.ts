import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { MessageInitShape } from "@bufbuild/protobuf";

import { NamespaceMode, type NamespaceOptionSchema } from "../../../src/proto.js";
import type { RuntimeConfig } from "../../../src/runtime/index.js";
import { leftOut, newerRuncPath, pathToNewerMount } from "../../left-out.js";

/** What the pod's users are on the node: groups apart, so that nobody takes one for the other. */
export const uids = { containerId: 0, hostId: 200_000, length: 65_536 };
export const gids = { containerId: 0, hostId: 300_000, length: 65_536 };

export const usernsOptions = { mode: NamespaceMode.POD, uids: [uids], gids: [gids] };

export const namespaceOptions: MessageInitShape<typeof NamespaceOptionSchema> = {
  pid: NamespaceMode.CONTAINER,
  usernsOptions,
};

export const linux = { securityContext: { namespaceOptions } };

/** How image files get their owners in a user namespace, and what it takes. */
export interface Way {
  name: "idmapped" | "shifted";
  handlers: RuntimeConfig["handlers"];
  leftOut: string | false;
  /** A PATH on which this way is the one that is taken. */
  path(directory: string): Promise<string>;
}

export const ways: Way[] = [
  {
    name: "idmapped",
    handlers: { runc: { path: newerRuncPath, args: [] } },
    leftOut: leftOut.newerRunc || leftOut.idmappedMounts,
    path: async () => pathToNewerMount,
  },
  {
    name: "shifted",
    handlers: { runc: { path: "runc", args: [] } },
    leftOut: false,
    path: olderMount,
  },
];

/** A mount that passes over the option without a word, as those before util-linux 2.39 do. */
async function olderMount(directory: string): Promise<string> {
  const programs = join(directory, "older");
  await mkdir(programs);
  const script = `#!/bin/sh
for word; do shift; case "$word" in X-mount.idmap=*) set -- "$@" rw ;; *) set -- "$@" "$word" ;; esac; done
PATH='${process.env.PATH}' exec mount "$@"
`;
  await writeFile(join(programs, "mount"), script);
  await chmod(join(programs, "mount"), 0o755);
  return `${programs}:${process.env.PATH}`;
}
