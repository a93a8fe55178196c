import { create } from "@bufbuild/protobuf";

import { type FilesystemUsage, FilesystemUsageSchema } from "../../proto.js";
import { runCommand } from "../adapters/run-command.js";
import type { ImageDeps } from "./image-deps.js";

/** What images take on their file system. */
export async function imageFsUsage(deps: ImageDeps): Promise<FilesystemUsage> {
  const { layers, blobs } = deps.paths;
  const [bytes, inodes] = await Promise.all([
    usage(["-B1"], [layers, blobs]),
    usage(["--inodes"], [layers, blobs]),
  ]);
  return create(FilesystemUsageSchema, {
    timestamp: BigInt(Date.now()) * 1_000_000n,
    fsId: { mountpoint: layers },
    usedBytes: { value: bytes },
    inodesUsed: { value: inodes },
  });
}

/** The total that du counts. Layers that come and go meanwhile make it complain, and change nothing else. */
async function usage(flags: string[], directories: string[]): Promise<bigint> {
  const { stdout } = await runCommand("sh", [
    "-c",
    'du -sc "$@" 2>/dev/null || true',
    "du",
    ...flags,
    ...directories,
  ]);
  return BigInt(/^(\d+)\ttotal$/m.exec(stdout)?.[1] ?? 0);
}
