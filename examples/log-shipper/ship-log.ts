import { EventTime, type FluentClient } from "@fluent-org/logger";
import type { Container } from "crikit";
import type { Positions } from "./positions.js";

/** What one container's log is shipped with. */
export interface Shipment {
  /** Goes with each line. */
  readonly facts: Readonly<Record<string, string | number | undefined>>;
  readonly receiver: FluentClient;
  readonly positions: Positions;
  readonly signal: AbortSignal;
}

/** So many lines may wait for their acknowledgement before more are read. */
const mostWaiting = 1000;

/** Ships a log from where it was left, until the container has ended. */
export async function shipLog(container: Container, shipment: Shipment): Promise<void> {
  const { facts, receiver, positions, signal } = shipment;
  const start = positions.get(container.id);
  let known = start.lines; // of the time at which it begins
  let reached = start;
  let acknowledged: Promise<void> = Promise.resolve();
  let count = 0;
  for await (const line of container.logs({ since: start.timeNs, follow: true, signal })) {
    const { timeNs, stream, text, partial, gapBefore } = line;
    if (timeNs === start.timeNs && known > 0) {
      known -= 1;
      continue;
    }
    const position = { timeNs, lines: timeNs === reached.timeNs ? reached.lines + 1 : 1 };
    reached = position;
    const sent = receiver.emit({ log: text, stream, partial, gapBefore, ...facts }, eventTime(timeNs));
    // In order, so that nothing before a position is missing at the receiver.
    acknowledged = Promise.all([acknowledged, sent]).then(() => positions.set(container.id, position));
    acknowledged.catch(() => {}); // the next to await it is told
    count += 1;
    if (count % mostWaiting === 0) await acknowledged;
  }
  await acknowledged;
}

function eventTime(timeNs: bigint): EventTime {
  return new EventTime(Number(timeNs / 1_000_000_000n), Number(timeNs % 1_000_000_000n));
}
