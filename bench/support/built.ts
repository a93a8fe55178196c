import type { CriClient } from "../../src/index.js";

/** By the built package, which is what users run: the loader that runs this file would slow the sources down. */
export async function connectBuilt(path: string): Promise<CriClient> {
  const built = new URL("../../dist/index.js", import.meta.url).href;
  const { connect } = (await import(built)) as typeof import("../../src/index.js");
  return connect(`unix://${path}`);
}
