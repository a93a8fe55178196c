import { vi } from "vitest";
import { until } from "./until.js";

export interface HeldClock extends Disposable {
  /** Has so much time pass. */
  pass(ms: number): Promise<void>;
  /** Has time pass until the answer is yes. */
  passUntil(what: string, isSo: () => Promise<boolean> | boolean): Promise<void>;
}

/**
 * Time stands still for this process's timers until a test has it pass, however slow the machine is: nothing is late,
 * and no deadline passes before what it is to come after. Sockets, files and other processes go on, and so does
 * `Date` unless it is named.
 */
export function holdClock(...more: "Date"[]): HeldClock {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", ...more] });
  const pass = async (ms: number) => void (await vi.advanceTimersByTimeAsync(ms));
  return {
    pass,
    passUntil: (what, isSo) =>
      until(what, async () => {
        if (await isSo()) return true;
        await pass(20);
        return isSo();
      }),
    [Symbol.dispose]: () => void vi.useRealTimers(),
  };
}
