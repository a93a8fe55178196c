import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "../../../src/testing/run-tool.js";

const sources = fileURLToPath(new URL("programs", import.meta.url));

/** Where `scripts/test-programs.mjs` builds it. */
export const busyboxPath = fileURLToPath(
  new URL("../../../.cache/test-programs/busybox/busybox", import.meta.url),
);

/** What is put into the images, each a static program of this machine. */
export interface Programs {
  readonly busybox: string;
  readonly applets: readonly string[];
  readonly pause: string;
  readonly nnp: string;
  readonly web: string;
}

/** Compiles those that are ours into `directory`. */
export async function compilePrograms(directory: string): Promise<Programs> {
  const compile = async (name: string) => {
    const program = join(directory, name);
    await runTool("gcc", ["-Os", "-Wall", "-static", "-s", "-o", program, join(sources, `${name}.c`)]);
    return program;
  };
  const list = await runTool(busyboxPath, ["--list"]);
  return {
    busybox: busyboxPath,
    applets: list.split("\n").filter((name) => name !== "" && name !== "busybox"),
    pause: await compile("pause"),
    nnp: await compile("nnp"),
    web: await compile("web"),
  };
}
