import { setFlagsFromString } from "node:v8";

/**
 * Has V8 free the memory of buffers within the collection that finds them unused. By default it does so concurrently
 * and counts them as held until the next one: beside a heap as small as the daemon's that passes for growth, and V8
 * marks the whole heap for every 12 MB or so that sessions carry.
 */
export function countFreedBuffers(): void {
  setFlagsFromString("--no-concurrent-array-buffer-sweeping");
}
