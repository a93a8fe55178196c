import type { ImageRecord } from "../state/image-record.js";

/** What is told of an image when asked to be verbose: under the keys, and in the shape, of containerd and CRI-O. */
export function imageInfo({ config }: ImageRecord): Record<string, string> {
  const imageSpec = {
    created: config.created,
    config: {
      User: config.user,
      Env: config.env,
      Entrypoint: config.entrypoint,
      Cmd: config.cmd,
      Volumes: Object.fromEntries(config.volumes.map((path) => [path, {}])),
      WorkingDir: config.workingDir,
      Labels: config.labels,
      StopSignal: config.stopSignal,
    },
  };
  return { info: JSON.stringify({ imageSpec }) };
}
