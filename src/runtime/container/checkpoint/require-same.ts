import { isDeepStrictEqual } from "node:util";

import type { OciProcess, OciSpec } from "../../oci.js";
import { invalid } from "../../spec/invalid.js";
import type { SavedContainer } from "./read.js";

/** What the contract calls the parts of a process that a restored one brings along. */
const processFields: Partial<Record<keyof OciProcess, string>> = {
  args: "command and args give",
  cwd: "working_dir is",
  env: "envs are",
  terminal: "tty is",
};

interface Restored {
  spec: OciSpec;
  /** The image's ID as clients see it. */
  image: string;
  field: string;
}

/**
 * A restored process has its rights, its mounts and its command from the checkpoint, whatever the request says: a
 * request that says another thing is refused.
 */
export function requireSame(saved: SavedContainer, { spec, image, field }: Restored): void {
  if (image !== saved.image) {
    throw invalid(`${field}.image`, `is ${image}, the checkpoint was made of ${saved.image}`);
  }
  const [now, then] = [comparable(spec.process), comparable(saved.spec.process)];
  for (const key of Object.keys({ ...now, ...then }) as (keyof OciProcess)[]) {
    if (isDeepStrictEqual(now[key], then[key])) continue;
    const what = processFields[key] ?? `linux.security_context makes the process's ${key}`;
    throw invalid(`${field}.${what}`, "something else than in the checkpoint");
  }
  requireSameLinux(saved.spec, spec, field);
  requireSameMounts(saved.spec, spec, field);
}

/** Without what a new pod gives it. As JSON, in which an undefined property is none. */
function comparable({ oomScoreAdj, consoleSize, ...process }: OciProcess): Partial<OciProcess> {
  const env = process.env.filter((variable) => !variable.startsWith("HOSTNAME=")).sort();
  return JSON.parse(JSON.stringify({ ...process, env }));
}

function requireSameLinux(then: OciSpec, now: OciSpec, field: string): void {
  const parts = ({ linux: { seccomp, namespaces } }: OciSpec) => ({
    seccomp: JSON.parse(JSON.stringify(seccomp ?? null)),
    namespaces: namespaces.map(({ type, path }) => [type, path !== undefined]),
  });
  if (isDeepStrictEqual(parts(then), parts(now))) return;
  throw invalid(
    `${field}.linux.security_context`,
    "has other namespaces or another seccomp profile than the checkpoint",
  );
}

function requireSameMounts(then: OciSpec, now: OciSpec, field: string): void {
  const [before, after] = [then, now].map(
    ({ mounts }) => new Set(mounts.map(({ destination }) => destination)),
  );
  for (const path of before ?? []) {
    if (!after?.has(path)) throw invalid(`${field}.mounts`, `lack ${path}, which the checkpoint has`);
  }
  for (const path of after ?? []) {
    if (!before?.has(path)) throw invalid(`${field}.mounts`, `have ${path}, which the checkpoint has not`);
  }
}
