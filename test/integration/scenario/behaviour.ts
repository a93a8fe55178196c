/** Where runtimes differ as these scenarios see them. Everything that is not listed here is the same. */
export interface Behaviour {
  /** The name that Version tells. */
  readonly runtimeName: string;
  /**
   * What stopping a pod or a container does that the runtime does not know. CRI wants success, so that a
   * caller can try again; containerd 1.6 answers NotFound, later ones succeed.
   */
  readonly stopOfUnknown: "succeeds" | "not_found";
  /** What ListImages does with its filter: containerd lists all images whatever the filter says. */
  readonly imageFilter: "applied" | "ignored";
}

export const crikitBehaviour: Behaviour = {
  runtimeName: "crikit",
  stopOfUnknown: "succeeds",
  imageFilter: "applied",
};

/** By its version, for Debian and Ubuntu releases package different ones. */
export function containerdBehaviour(version: string): Behaviour {
  return {
    runtimeName: "containerd",
    stopOfUnknown: version.startsWith("1.6.") ? "not_found" : "succeeds",
    imageFilter: "ignored",
  };
}
