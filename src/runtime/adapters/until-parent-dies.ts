/**
 * A command line that is killed when this process dies. For programs that work on what the next daemon sweeps:
 * they must not go on writing meanwhile.
 */
export function untilParentDies(command: readonly string[]): [file: string, args: string[]] {
  return ["setpriv", ["--pdeathsig", "KILL", ...command]];
}
