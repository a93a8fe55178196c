import { readlink } from "node:fs/promises";
import { join, parse, sep } from "node:path";
import { CriError } from "../errors.js";

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * Where a path of the host is found when the host's root directory is mounted at `hostRoot`. Links are followed as
 * on the host, an absolute one from its root. What is missing stays as it is named: it may come.
 */
export async function hostPath(hostRoot: string, path: string): Promise<string> {
  const here = (path: string) => (hostRoot === "/" ? path : join(hostRoot, path));
  let links = 0;
  let { root: done } = parse(path);
  const left = partsOf(path);
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const next = join(done, part);
    const target = part === ".." ? undefined : await readlink(here(next)).catch(() => undefined);
    if (target === undefined) {
      done = next;
      continue;
    }
    links += 1;
    if (links > maxLinks) {
      throw new CriError("failed_precondition", `Path ${path} leads through more than ${maxLinks} links`);
    }
    done = parse(target).root || done;
    left.unshift(...partsOf(target));
  }
  return here(done);
}

function partsOf(path: string): string[] {
  return path.slice(parse(path).root.length).split(sep);
}
