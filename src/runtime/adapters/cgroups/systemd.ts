import { posix } from "node:path";

import { InvalidArgumentError } from "../../../errors.js";

const prefix = "crikit";

/** runc's form for a group that systemd makes: the slice, the prefix and the name of a scope in it. */
export function systemdPath(parent: string, id: string): string {
  return `${posix.basename(parent)}:${prefix}:${id}`;
}

/** The scope that runc asks systemd to make for that. */
export function scopeName(id: string): string {
  return `${prefix}-${id}.scope`;
}

/**
 * Where a slice lies: its name says which slices it is in, whatever path it is given with.
 * `kubepods-pod1.slice` is `/kubepods.slice/kubepods-pod1.slice`.
 */
export function expandSlice(parent: string): string {
  const slice = posix.basename(parent);
  const name = slice.slice(0, -".slice".length);
  if (name === "-") return "/";
  const parts = name.split("-");
  if (parts.includes(""))
    throw new InvalidArgumentError(`${slice} is not a name that systemd takes for a slice`);
  return posix.join("/", ...parts.map((_, index) => `${parts.slice(0, index + 1).join("-")}.slice`));
}
