import { statSync } from "node:fs";
import { Backoff } from "../async/backoff.js";
import { isNamedPipe } from "./endpoint.js";

/** As k8s.io/cri-client has it. */
const delays = { minMs: 100, maxMs: 3000 };

/**
 * Keeps failed dials apart: for a growing time after one, calls fail at once with its error, as those of
 * grpc-go do. A runtime that comes back replaces its socket, so a socket file that has changed opens the gate
 * early: the first call after a restart works, whatever was tried in between.
 */
export class DialGate {
  readonly #path: string;
  readonly #backoff = new Backoff(delays);
  #failure: { error: Error; untilMs: number; socket: string } | undefined;
  #dialledSocket = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** For how long the gate stays shut, in milliseconds. */
  get waitMs(): number {
    return this.#failure ? Math.max(0, this.#failure.untilMs - performance.now()) : 0;
  }

  /** Throws the last dial's error while the gate is shut, else lets one dial pass. */
  enter(): void {
    const socket = socketIdentity(this.#path);
    if (this.#failure && this.#failure.socket !== socket) this.open();
    if (this.#failure && this.waitMs > 0) throw this.#failure.error;
    this.#dialledSocket = socket;
  }

  /** The dial has failed, or its session ended before the runtime said anything. */
  shut(error: Error): void {
    const untilMs = performance.now() + this.#backoff.next();
    this.#failure = { error, untilMs, socket: this.#dialledSocket };
  }

  /** The runtime has answered: the next dial may go at once. */
  open(): void {
    this.#failure = undefined;
    this.#backoff.reset();
  }
}

/** Differs whenever the socket at the path is another one, or has other permissions. A pipe does not tell. */
function socketIdentity(path: string): string {
  if (isNamedPipe(path)) return "named pipe";
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat ? `${stat.dev}:${stat.ino}:${stat.ctimeNs}` : "absent";
  } catch (error) {
    return String(error);
  }
}
