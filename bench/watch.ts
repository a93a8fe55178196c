import { setTimeout as sleep } from "node:timers/promises";
import type { BenchOptions } from "./support/options.js";
import { compare, type ResultRow, report } from "./support/results.js";
import { measureRounds } from "./support/rounds.js";
import { askedLists, bareEvents, type EventReader, watchedChanges } from "./watch/readers.js";

const containers = 1_000;
const bare = "the bare event stream";
const asked = "the bare event stream, then ListContainers";

/** What happens in one round, with a pause after each time. */
interface Course {
  readonly what: string;
  readonly times: number;
  readonly eventsAtOnce: number;
  readonly pauseMs: number;
  /** Of the ratio to the bare stream. */
  readonly goal: number | null;
}

const courses: Course[] = [
  {
    what: `event to change told, ${containers} containers`,
    times: 10,
    eventsAtOnce: 1,
    pauseMs: 50,
    goal: 2,
  },
  { what: "the same, 20 events 5 ms apart", times: 20, eventsAtOnce: 1, pauseMs: 5, goal: 2 },
  { what: "20 events at once to the last change told", times: 1, eventsAtOnce: 20, pauseMs: 200, goal: null },
];

const text = (rounds: number) =>
  `From the moment at which the runtime tells an event to that at which the program has it, with ${containers} containers, each in a pod of its own: the change that \`cri.watch()\` tells, and for the bare event stream the message of \`cri.runtime.getContainerEvents({})\`. The events are of containers that start or end, and carry what containerd's carry: the status of the pod and those of its containers, 2 KB with the labels, mounts and limits that kubelet gives. A watch tells such a change from the event, where it must be newer than what is known, as an object like those of lists: the known one in its new state ([decision 45](../decisions/0045-states-that-events-tell.md)); a second later it looks at the pod. Everything else that an event tells of (new containers and pods, removals) a watch lists before it tells it. What that costs shows beside a program that takes the event's message and then awaits \`cri.runtime.listContainers\` for its pod. Events of containers chosen by chance, one every 50 ms; twenty of them 5 ms apart; and twenty in one moment. The second looks are made in the middle of whatever is measured then; after more pods than a full list is worth it is that list, which the second and third kind of rounds have now and then. The server is a process of its own in Node, one for each of the three. ${rounds} rounds of each kind, in which all take turns.

Until decision 45 each event had its pod listed, which took 3.5 times as long as the bare stream, and 6.6 times with events 5 ms apart: a call that follows the one before at once takes a fifth of a millisecond here, one after 10 ms of idleness four times as long on either side, because neither processor's caches have the code any more. What had helped then, and helps what is listed still: both lists at once in place of one after the other (a quarter less); the containers alone where the event is of a container (another fifth); objects known by pod, so that a look does not go over all of them; no conversion of the event's message. What did not help: looking at pods by themselves however many they are (a pod costs as much as twenty in a list of all), and second looks gathered in groups (an event that comes then waits for all of the group).`;

/** From events to the changes told. */
export async function watch(options: BenchOptions): Promise<void> {
  const { rounds = 20 } = options;
  await using crikit = await watchedChanges({ containers });
  await using events = await bareEvents({ containers });
  await using lists = await askedLists({ containers });
  const readers = { crikit, [bare]: events, [asked]: lists };
  const decks = Object.fromEntries(Object.keys(readers).map((name) => [name, deck()]));
  const rows: ResultRow[] = [];
  for (const course of courses) {
    const times = await measureRounds(
      Object.entries(readers).map(([name, reader]) => ({
        name,
        run: () => follow(course, reader, decks[name] ?? []),
      })),
      { rounds, unitsPerRound: course.times },
    );
    for (const peer of [bare, asked]) {
      const { what, goal } = course;
      const row = { what, peer, unit: "µs", goal: peer === bare ? goal : null };
      rows.push(compare(row, times.get("crikit") ?? [], times.get(peer) ?? []));
    }
  }
  await report("watch", { title: "Watching", text: text(rounds), rows }, options);
}

/** Every container, in an order by chance, to be started, and once more, to end. */
function deck(): number[] {
  const order = Array.from({ length: containers }, (_, index) => ({ index, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ index }) => index);
  return [...order, ...order];
}

/** Resolves to the milliseconds of all times together. */
async function follow(
  { times, eventsAtOnce, pauseMs }: Course,
  reader: EventReader,
  left: number[],
): Promise<number> {
  let sum = 0;
  for (let time = 0; time < times; time++) {
    const indexes = left.splice(0, eventsAtOnce);
    if (indexes.length < eventsAtOnce) throw new Error("All containers have ended: ask for fewer rounds");
    sum += await reader.change(indexes);
    await sleep(pauseMs);
  }
  return sum;
}
