import { jsonSafe } from "../../messages/json-safe.js";
import type { FilesystemUsage as FilesystemUsageMessage, ImageFsInfoResponse } from "../../proto.js";
import { dateOf } from "../time.js";

/** How full a directory of the runtime is. */
export interface FilesystemUsage {
  /** When it was measured. */
  readonly measuredAt: Date;
  /** The directory on the runtime's host, which need not be a mount point. */
  readonly mountpoint: string;
  /** What lies in it, in bytes; not what is free there. */
  readonly usedBytes: number;
  /** Undefined where the file system has no inodes to count. */
  readonly inodesUsed: number | undefined;
}

/** How full the file systems of images are. */
export interface ImageFsInfo {
  /** Where images lie. */
  readonly images: readonly FilesystemUsage[];
  /** Where containers write; none: in the same place as images. */
  readonly containers: readonly FilesystemUsage[];
  /** The message of the runtime. */
  readonly raw: ImageFsInfoResponse;
}

export function toImageFsInfo(raw: ImageFsInfoResponse): ImageFsInfo {
  return jsonSafe({
    images: raw.imageFilesystems.map(toFilesystemUsage),
    containers: raw.containerFilesystems.map(toFilesystemUsage),
    raw,
  });
}

export function toFilesystemUsage(raw: FilesystemUsageMessage): FilesystemUsage {
  return {
    measuredAt: dateOf(raw.timestamp),
    mountpoint: raw.fsId?.mountpoint ?? "",
    usedBytes: Number(raw.usedBytes?.value ?? 0n),
    inodesUsed: raw.inodesUsed && Number(raw.inodesUsed.value),
  };
}
