/** What the bundled runtime or a test calls. */
export interface Need {
  /** A program, or a file of data. */
  readonly name: string;
  /** The Debian package that brings it. */
  readonly package: string;
  readonly why: string;
  /** Looked for here instead of in PATH; one of them is enough. */
  readonly paths?: readonly string[];
}

export const runtimeNeeds: readonly Need[];
export const imageNeeds: readonly Need[];
