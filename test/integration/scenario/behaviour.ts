/** Where runtimes differ as these scenarios see them. Everything that is not listed here is the same. */
export interface Behaviour {
  /** The name that Version tells. */
  readonly runtimeName: string;
  /**
   * What stopping a pod or a container does that the runtime does not know. CRI wants success, so that a
   * caller can try again; containerd 1.6 answers NotFound, later ones succeed.
   */
  readonly stopOfUnknown: "succeeds" | "not_found";
  /** What ListImages does with its filter: containerd 1.6 lists all images whatever the filter says. */
  readonly imageFilter: "applied" | "ignored";
}

export const crikitBehaviour: Behaviour = {
  runtimeName: "crikit",
  stopOfUnknown: "succeeds",
  imageFilter: "applied",
};

export const containerd16Behaviour: Behaviour = {
  runtimeName: "containerd",
  stopOfUnknown: "not_found",
  imageFilter: "ignored",
};
