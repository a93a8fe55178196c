import { open } from "node:fs/promises";

/** What a record grows by from when its object is made until it has ended, and some more. */
const growth = 1024;

/** A text of JSON with blanks behind it, for `writeOver` to have room when it has grown. */
export function withRoom(text: string): string {
  return text + " ".repeat(growth);
}

/**
 * Writes another text in the place of one that `withRoom` has made. It takes no room, so a full disk does not refuse it;
 * but a host that loses power may keep a part of either. False when it does not fit.
 */
export async function writeOver(path: string, text: string): Promise<boolean> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    const missing = size - Buffer.byteLength(text);
    if (missing < 0) return false;
    // All of it in one call: a daemon that is killed meanwhile has written it or has not begun.
    await file.write(text + " ".repeat(missing), 0);
    return true;
  } finally {
    await file.close();
  }
}
