import { setTimeout as sleep } from "node:timers/promises";
import { compare, markdownTable, writeResults } from "./support/results.js";
import { measureRounds } from "./support/rounds.js";
import { bareEvents, type EventReader, watchedChanges } from "./watch/readers.js";

const rounds = 30;
const eventsPerRound = 20;
const containers = 1_000;
const peer = "the bare event stream";
const goal = 2;

const text = `From the moment at which the runtime tells an event to that at which the program has it, with ${containers} containers, each in a pod of its own: the change that \`cri.watch()\` tells, and for the bare event stream the message of \`cri.runtime.getContainerEvents({})\`. An event is only a hint to a watch: it lists the pod and its containers and tells what has changed, which is two calls after the event. The server is a process of its own, one for each of the two. ${rounds} rounds of ${eventsPerRound} events one after the other, in which both take turns.`;

/** From an event to the change told. */
export async function watch(): Promise<void> {
  await using crikit = await watchedChanges({ containers });
  await using bare = await bareEvents({ containers });
  const times = await measureRounds(
    [
      { name: "crikit", run: () => readEvents(crikit) },
      { name: peer, run: () => readEvents(bare) },
    ],
    { rounds, unitsPerRound: eventsPerRound },
  );
  const what = `event to change told, ${containers} containers`;
  const rows = [compare({ what, peer, unit: "µs", goal }, times.get("crikit") ?? [], times.get(peer) ?? [])];
  console.log(markdownTable(rows));
  await writeResults("watch", { title: "Watching", text, rows });
}

/** Resolves to the milliseconds of all of them together. */
async function readEvents(reader: EventReader): Promise<number> {
  let sum = 0;
  for (let event = 0; event < eventsPerRound; event++) {
    sum += await reader.nextEvent(Math.floor(Math.random() * containers));
    await sleep(5);
  }
  return sum;
}
