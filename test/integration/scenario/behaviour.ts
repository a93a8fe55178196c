import { leftOut } from "../../left-out.js";

/** Where runtimes differ as these scenarios see them. Everything that is not listed here is the same. */
export interface Behaviour {
  /** The name that Version tells. */
  readonly runtimeName: string;
  /**
   * What stopping a pod or a container does that the runtime does not know. CRI wants success, so that a
   * caller can try again; containerd 1.6 answers NotFound, later ones succeed.
   */
  readonly stopOfUnknown: "succeeds" | "not_found";
  /** What ContainerStats says of a container that does not run: its layer, or an error of no kind. */
  readonly statsOfEnded: "layer" | "unknown";
  /** What the rate of one sample is. */
  readonly firstRate: undefined | { readonly value: bigint };
  /** What is left of no limit. */
  readonly leftOfNoLimit: undefined | { readonly value: bigint };
  /** The code of PodSandboxStats for a pod that is stopped. */
  readonly statsOfStoppedPod: "failed_precondition" | "unknown" | "unavailable";
  /** Whether PodSandboxStats sums up, or fails, where no cgroup parent was given. */
  readonly podWithoutParent: "summed" | "unknown";
  /** How many processes a pod with one container has; undefined where that says nothing. */
  readonly podProcesses: number | undefined;
  /** What becomes of a command that exec has given up on. */
  readonly lateCommand: "killed" | "goes on";
  /** Whether GetContainerEvents tells anything; containerd does since 1.7. */
  readonly events: "told" | "unsupported";
  /**
   * Why a container ended that was killed for its memory limit, and one whose child alone was. containerd is told
   * of it apart from the end, does not look at whom it was, and may be told too late.
   */
  readonly reasonAfterOom: RegExp;
  readonly reasonAfterChildOom: RegExp;
  /** Whether a container outlives a child that was killed for the limit. */
  readonly outlivesChildOom: boolean;
  /** Whether it has the RPCs for metrics; containerd does since 2.2. */
  readonly tellsMetrics: boolean;
  /** Whether it has the streaming list RPCs. What `list` and `stream` give is the same without them. */
  readonly streamsLists: boolean;
  /** Whether Status lists the handlers; containerd does since 2.0. */
  readonly listsHandlers: boolean;
  /** Whether RuntimeConfig is served; containerd does since 2.0. */
  readonly runtimeConfig: "told" | "unsupported";
  /** Whether UpdatePodSandboxResources is served; containerd does since 2.3. */
  readonly podResources: "taken" | "unsupported";
  /**
   * Whether images are mounted as volumes, and told by ID or as they were asked for. containerd does since 2.1, and
   * had one code for all that goes wrong at first.
   */
  readonly imageVolumes: "told by ID" | "told as asked" | "wrapped" | "unsupported";
  /** Whether it sees what the test mounts; the private containerd of the tests has mounts of its own. */
  readonly seesMounts: boolean;
  /** Whether CheckpointContainer is served, and can be; containerd does since 2.0. */
  readonly checkpoints: "made" | "failed_precondition" | "unsupported";
  /** The same of CheckpointPod; no containerd serves it. */
  readonly podCheckpoints: "made" | "failed_precondition" | "unsupported";
  /** What becomes of RestorePod: without criu there is no checkpoint to restore, and without a memory to begin anew. */
  readonly podRestores: "made" | "begun anew" | "invalid_argument" | "unsupported";
}

export const crikitBehaviour: Behaviour = {
  runtimeName: "crikit",
  stopOfUnknown: "succeeds",
  statsOfEnded: "layer",
  firstRate: undefined,
  leftOfNoLimit: undefined,
  statsOfStoppedPod: "failed_precondition",
  podWithoutParent: "summed",
  podProcesses: 2,
  lateCommand: "killed",
  events: "told",
  reasonAfterOom: /^OOMKilled$/,
  reasonAfterChildOom: /^Error$/,
  outlivesChildOom: true,
  tellsMetrics: true,
  streamsLists: true,
  listsHandlers: true,
  runtimeConfig: "told",
  podResources: "taken",
  imageVolumes: "told by ID",
  seesMounts: true,
  checkpoints: leftOut.criu ? "failed_precondition" : "made",
  podCheckpoints: leftOut.criu ? "failed_precondition" : "made",
  podRestores: leftOut.criu ? "invalid_argument" : "made",
};

/** gVisor is one process of the host for all processes of a container. */
export const gvisorBehaviour: Behaviour = {
  ...crikitBehaviour,
  podProcesses: undefined,
  // The pid that it tells of a command is its own, and its command line has no other way to end one.
  lateCommand: "goes on",
  // The kernel kills that one process.
  reasonAfterChildOom: /^OOMKilled$/,
  outlivesChildOom: false,
  // It writes down its own kernel with all that runs on it, in files that criu does not know.
  checkpoints: "failed_precondition",
  podCheckpoints: "failed_precondition",
  podRestores: "invalid_argument",
};

export const fakeBehaviour: Behaviour = {
  ...crikitBehaviour,
  runtimeName: "crikit-fake",
  checkpoints: "made",
  podCheckpoints: "made",
  podRestores: "begun anew",
};

/** What a runtime can do at all. Scenarios that need what it cannot are not told of it. */
export interface Abilities {
  /**
   * Containers have files, processes and networks of their own. On the fake runtime the commands of the scenarios
   * are scripted to run on the machine itself.
   */
  readonly isolates: boolean;
  /** The fake runtime passes bytes on and has no terminal between. */
  readonly terminals: boolean;
  /** The terminal of a command is one of the container. */
  readonly ownTerminals: boolean;
  /** The fake runtime starts any container, for its command is none that could be missing. */
  readonly missesCommands: boolean;
  /** The fake runtime's usage is made up. */
  readonly measures: boolean;
  /** The kernel knows a container's memory for anonymous, and its limits can be changed and seen from within. */
  readonly limitsAreKernels: boolean;
}

export const realAbilities: Abilities = {
  isolates: true,
  terminals: true,
  ownTerminals: true,
  missesCommands: true,
  measures: true,
  limitsAreKernels: true,
};

export const gvisorAbilities: Abilities = {
  ...realAbilities,
  // The host's terminal, of which gVisor passes on the bytes: it has no name in there, and no character ends its input.
  ownTerminals: false,
  // Its processes' memory is a file to the kernel. Its update writes files of version 1 in an order that the kernel
  // refuses when memory is raised. The control groups that a container sees are gVisor's own.
  limitsAreKernels: false,
};

export const fakeAbilities: Abilities = {
  isolates: false,
  terminals: false,
  ownTerminals: false,
  missesCommands: false,
  measures: false,
  limitsAreKernels: true,
};

/** By its version, for Debian and Ubuntu releases package different ones. */
export function containerdBehaviour(version: string): Behaviour {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const since = (otherMajor: number, otherMinor: number) =>
    major > otherMajor || (major === otherMajor && minor >= otherMinor);
  return {
    runtimeName: "containerd",
    stopOfUnknown: since(1, 7) ? "succeeds" : "not_found",
    statsOfEnded: "unknown",
    firstRate: since(2, 4) ? undefined : { value: 0n },
    leftOfNoLimit: { value: 0n },
    statsOfStoppedPod: since(1, 7) ? "unavailable" : "unknown",
    podWithoutParent: "unknown",
    podProcesses: 1,
    lateCommand: "killed",
    events: since(1, 7) ? "told" : "unsupported",
    reasonAfterOom: /^(OOMKilled|Error)$/,
    reasonAfterChildOom: /^(OOMKilled|Error)$/,
    outlivesChildOom: true,
    tellsMetrics: since(2, 2),
    streamsLists: since(2, 4),
    listsHandlers: since(2, 0),
    runtimeConfig: since(2, 0) ? "told" : "unsupported",
    podResources: since(2, 3) ? "taken" : "unsupported",
    imageVolumes: since(2, 4) ? "told as asked" : since(2, 1) ? "wrapped" : "unsupported",
    seesMounts: false,
    checkpoints: since(2, 0) ? (leftOut.criu ? "failed_precondition" : "made") : "unsupported",
    podCheckpoints: "unsupported",
    podRestores: "unsupported",
  };
}
