import type { ImageConfig } from "../state/image-record.js";

/** The configuration blob of an image, as far as it is used. */
export interface ConfigBlob {
  rootfs: { diff_ids: string[] };
  created?: string;
  config?: {
    Env?: string[] | null;
    Entrypoint?: string[] | null;
    Cmd?: string[] | null;
    WorkingDir?: string;
    User?: string;
    Volumes?: Record<string, unknown> | null;
    StopSignal?: string;
    Labels?: Record<string, string> | null;
  };
}

export function readImageConfig(blob: ConfigBlob): ImageConfig {
  const config = blob.config ?? {};
  return {
    env: config.Env ?? [],
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
    workingDir: config.WorkingDir ?? "",
    user: config.User ?? "",
    volumes: Object.keys(config.Volumes ?? {}),
    ...(config.StopSignal && { stopSignal: config.StopSignal }),
    labels: config.Labels ?? {},
    ...(blob.created && { created: blob.created }),
  };
}
