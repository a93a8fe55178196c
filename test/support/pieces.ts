import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** In two writes that no timer of the sender brings together. */
export async function writeInPieces(stream: Duplex): Promise<void> {
  stream.write("head");
  await sleep(2);
  stream.write("body");
}

/** Waits for so many bytes, however they come. */
export async function receive(stream: Duplex, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; ) {
    const chunk: Buffer | null = stream.read();
    if (chunk) left -= chunk.length;
    else await new Promise((resolve) => stream.once("readable", resolve));
  }
}
