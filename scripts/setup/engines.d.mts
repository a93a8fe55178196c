/** A program that runs JavaScript, out of a package of npm. */
export interface Engine {
  readonly name: string;
  readonly package: string;
  /** The program in the package. */
  readonly binary: string;
  /** Where `scripts/test-programs.mjs` puts it. */
  readonly path: string;
  /** To be given before the name of a file. */
  readonly args: readonly string[];
}

export const engines: readonly Engine[];
export function directoryOf(engine: Pick<Engine, "package">): string;
