import { Socket } from "node:net";
import { Writable } from "node:stream";

/**
 * Whether this is a writer of Node's own, to a socket, a pipe or a file, that does nothing with a chunk but write it, so
 * that nobody looks at its memory once it is written. What has been changed about it may be somebody who does.
 */
export function isNodesWriter(target: NodeJS.WritableStream | undefined): target is Writable {
  if (!(target instanceof Writable)) return false;
  const kind = Object.getPrototypeOf(target);
  // Node does not export the class of process.stdout to a file.
  const isKnown = kind === Socket.prototype || kind.constructor.name === "SyncWriteStream";
  const isChanged = ["_write", "_writev"].some((name) => Object.hasOwn(target, name));
  return isKnown && !isChanged && target.write === Writable.prototype.write;
}
