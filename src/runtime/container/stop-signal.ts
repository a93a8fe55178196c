import { constants } from "node:os";

import { InvalidArgumentError } from "../../errors.js";
import { Signal } from "../../proto.js";

const fallback = "SIGTERM";
/** SIGCLD is the one name of CRI that Node does not know. */
const numbers = new Map<string, number>([
  ...Object.entries(constants.signals),
  ["SIGCLD", constants.signals.SIGCHLD],
]);
/** The real-time signals of Linux as C libraries number them: the first two are theirs. */
const firstRealTime = 34;
const lastRealTime = 64;

/**
 * The signal that asks a container to end: the request's, else the image's, else SIGTERM. As OCI runtimes
 * take it: a name, or a number for real-time signals, whose names they do not know.
 */
export function chooseStopSignal(asked: Signal, ofImage: string | undefined): string {
  if (asked !== Signal.RUNTIME_DEFAULT) {
    const name = Signal[asked];
    if (name === undefined) {
      throw new InvalidArgumentError(`config.stop_signal is ${asked}, which is no signal`, {
        field: "config.stop_signal",
      });
    }
    return normalise(name);
  }
  return ofImage ? normalise(ofImage) : fallback;
}

/** The signal for a status; the default where CRI has no name for it. */
export function describeStopSignal(signal: string): Signal {
  const number = Number(signal);
  const name = Number.isInteger(number) ? realTimeName(number) : signal;
  const found = Object.entries(Signal).find(([key]) => key === name)?.[1];
  return typeof found === "number" ? found : Signal.RUNTIME_DEFAULT;
}

/** As every OCI runtime takes it: not all know each name. */
export function signalNumber(signal: string): string {
  return String(numbers.get(signal) ?? signal);
}

/** The name, or the number of a real-time signal; what the kernel does not know becomes the default. */
function normalise(text: string): string {
  const name = text.trim().toUpperCase().replace("PLUS", "+").replace("MINUS", "-");
  const realTime = /^(?:SIG)?RT(MIN|MAX)(?:[+-](\d+))?$/.exec(name);
  if (realTime) {
    const offset = Number(realTime[2] ?? 0);
    return String(realTime[1] === "MIN" ? firstRealTime + offset : lastRealTime - offset);
  }
  if (/^\d+$/.test(name)) {
    const number = Number(name);
    if (number >= firstRealTime && number <= lastRealTime) return name;
    return [...numbers].find(([, known]) => known === number)?.[0] ?? fallback;
  }
  const full = name.startsWith("SIG") ? name : `SIG${name}`;
  return numbers.has(full) ? full : fallback;
}

function realTimeName(number: number): string {
  const middle = 49;
  if (number === firstRealTime) return "SIGRTMIN";
  if (number === lastRealTime) return "SIGRTMAX";
  return number <= middle ? `SIGRTMINPLUS${number - firstRealTime}` : `SIGRTMAXMINUS${lastRealTime - number}`;
}
