import { isAlive, type ProcessIdentity, sendSignal } from "../adapters/process.js";

/** A monitor reports within milliseconds; a host under load may take longer. */
const patienceMs = 10_000;

interface Watched {
  id: string;
  init: ProcessIdentity | undefined;
  monitor: ProcessIdentity | undefined;
}

/** Finds monitors that live and do not report the end of their process. */
export class HangingMonitors {
  readonly #silentSince = new Map<string, number>();

  /** True when it is waited for no longer. It is killed, but may be stuck where no signal reaches it. */
  async isHanging({ id, init, monitor }: Watched): Promise<boolean> {
    if (!monitor || (init && (await isAlive(init)))) {
      this.#silentSince.delete(id);
      return false;
    }
    const now = performance.now();
    const since = this.#silentSince.get(id) ?? now;
    this.#silentSince.set(id, since);
    if (now - since < patienceMs) return false;
    this.#silentSince.delete(id);
    if (await isAlive(monitor)) sendSignal(monitor.pid, "SIGKILL");
    return true;
  }

  /** Of those that run no longer there is nothing to find. */
  forgetAllBut(running: readonly string[]): void {
    const known = new Set(running);
    for (const id of this.#silentSince.keys()) if (!known.has(id)) this.#silentSince.delete(id);
  }
}
