import type { ContainerEnd, PlayedContainerStatus, PodChange } from "../status.js";

/** What is known of one container of the pod; what a reader would like to hear is told on. */
export class ContainerState {
  readonly #tell: (change: PodChange) => void;
  #status: PlayedContainerStatus;

  constructor(name: string, tell: (change: PodChange) => void) {
    this.#tell = tell;
    this.#status = {
      name,
      id: undefined,
      state: "waiting",
      reason: "PodInitializing",
      message: "",
      restarts: 0,
      started: false,
      ready: false,
      startedAt: undefined,
      nextStartAt: undefined,
      lastEnd: undefined,
    };
  }

  get status(): PlayedContainerStatus {
    return this.#status;
  }

  creating(): void {
    this.#set({ state: "waiting", reason: "ContainerCreating", message: "", nextStartAt: undefined });
  }

  waiting(reason: string, message: string, delayMs: number): void {
    const nextStartAt = new Date(Date.now() + delayMs);
    this.#set({ state: "waiting", reason, message, nextStartAt, ...notRunning });
    this.#tell({ type: "waiting", container: this.#status.name, reason, message, delayMs });
  }

  running(id: string, attempt: number): void {
    this.#set({ id, state: "running", reason: "", message: "", restarts: attempt, startedAt: new Date() });
    this.#tell({ type: "started", container: this.#status.name, id, attempt });
  }

  started(): void {
    this.#set({ started: true });
  }

  ready(isReady: boolean): void {
    if (this.#status.ready === isReady) return;
    this.#set({ ready: isReady });
    this.#tell({ type: isReady ? "ready" : "unready", container: this.#status.name });
  }

  ended(end: ContainerEnd): void {
    const { name, id = "" } = this.#status;
    this.ready(false);
    this.#set({ state: "terminated", reason: end.reason, message: end.message, lastEnd: end, ...notRunning });
    this.#tell({ type: "exited", container: name, id, ...end });
  }

  /** How long the newest attempt has run, in milliseconds; 0 when it was not started. */
  get ranMs(): number {
    const { startedAt, lastEnd } = this.#status;
    return startedAt ? (lastEnd?.finishedAt ?? new Date()).getTime() - startedAt.getTime() : 0;
  }

  #set(changed: Partial<PlayedContainerStatus>): void {
    this.#status = { ...this.#status, ...changed };
  }
}

const notRunning = { started: false, ready: false } as const;
