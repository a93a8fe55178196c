import { crikitLists, goLists, grpcJsLists, type ListMode } from "./lists/peers.js";
import type { BenchOptions } from "./support/options.js";
import { compare, markdownTable, type ResultRow, writeResults } from "./support/results.js";
import { type Contender, measureRounds } from "./support/rounds.js";
import { startServer } from "./support/server.js";

const usualRounds = 30;
const few = 1_000;
const many = 10_000;
/** So that a round of either size reads as many containers. */
const containersPerRound = 10_000;
const goals: Record<string, number> = { "@grpc/grpc-js": 0.5, "cri-client (Go)": 1.2 };
const names: Record<ListMode, string> = {
  unary: "ListContainers",
  streaming: "StreamContainers",
  handles: "containers.list()",
};

function textOf(rounds: number): string {
  return `Lists of containers with the labels and annotations that kubelet gives them, some 900 bytes each, to objects that a program can use. ListContainers and StreamContainers are read by crikit's service client (\`cri.runtime\`) to messages; \`cri.containers.list()\` takes the stream, and makes handles of the messages, newest first; its peers take the stream to messages. The times are for one container; the last rows compare them, ${many} containers with ${few}. The server is a process of its own with its answers ready. ${rounds} rounds of ${containersPerRound} containers each, in which all take turns.

What \`containers.list()\` adds to the messages was measured by its parts: the summary of a container takes 0.4 µs, the filter, the order and the handle 0.15 together. Little is to be had there: a prototype in the literal is slower than setting it, a constructor for each kind of summary would save 0.09 µs, a date is a fifth of the summary, and a second sort of what is sorted costs next to nothing. Taking what the runtime sends by its parts, and not by an await for each container, made it a tenth quicker; a list by one ID goes by the unary RPC, which is a quarter quicker than by a stream (207 and 269 µs).

Decoding was most of a list, and is done by a reader of our own now ([decision 36](../decisions/0036-codec.md)): 1,000 containers in 2.6 ms beside 5.6 by protobuf-es, in turns. Strings that are new are cut from one that is made of the bytes of many, at 14 ns each beside 75 to 100 for one that is made by itself; looking values up among those seen before does not pay, because comparing costs 2 to 3 ns a byte. A generator that gave the first message of a stream again kept it for longer than its reader did: the lists outlived V8's collections of what is young, and those took ten times as long. Ten thousand at once did cost each much more than a thousand do, for two reasons. V8 throws away the code that it has optimized for a class when a large garbage collection finds no object of it: the next list was read by slow code. Now a reader is always there. And V8 copies what is young and lives, which is all of a list: texts that are those of the container before are not made again. Decoding alone then takes 2.1 µs of processor time for each of ten thousand, where it took 4.2, and 2.0 for each of a thousand, as before. With their summaries and handles, though, ten thousand were still more than V8's space for what is young holds, 16 MB, and all were copied, twice: once the space is four fifths full, V8 collects as soon as the program waits for more to read. Half of each container was a text of its whole message, held for the few strings in it that are new. Of those alone a message takes 820 bytes in place of 1,530, a container with its handle 1,120 in place of 1,830, and ten thousand take 2.3 µs to decode and make handles of, where they took 4.7. The other memory that made V8 collect in the middle of a list was not V8's: a buffer of 64 KiB for each read of the socket. Now it reads into one, which makes a stream a tenth quicker. Lists in which nearly every text is new, as of images, take up to a tenth longer to decode than with a text for each message, and less memory. Ten thousand containers of forty images and sixty names, 1,700 bytes each with their handles, are still too many for that space: their messages are decoded in half the time, and what their handles add is copied as before. Maps made as copies of the one before, summaries made part by part, and one handle kept from list to list, as the reader is, changed next to nothing.

Less is to be collected since then. A new buffer for each message, nine megabytes of them for ten thousand containers, V8 takes for growth of its own memory: it marked all that lives 14 times for half a million containers, and 6 times since a large buffer is used again. What \`containers.list()\` leaves besides its handles is 100 bytes less for each container where no labels are asked for, and 40 less without arrays between the messages and the list. In a process of its own, where nothing else is to be collected, that is, in processor time for each of ten thousand, 2.4 µs by ListContainers in place of 2.7, 2.9 in place of 3.3 by StreamContainers, 3.0 in place of 3.4 by \`containers.list()\`, and 0.87 to 0.91 of what each of a thousand takes; it was 0.91 to 0.98 before. That ten thousand cost each a tenth more in this benchmark was not theirs: V8 was to collect garbage before each round and did not, since Node hides its \`gc\` from programs, and the lists of ten thousand that a peer in the same process had left were marked and cleared away while crikit was measured.`;
}

type Times = Map<string, number[]>;

/** Lists of a thousand containers and of ten thousand. */
export async function lists({ rounds = usualRounds }: BenchOptions): Promise<void> {
  const small = await measureSize(few, rounds);
  const large = await measureSize(many, rounds);
  const modes = Object.keys(names) as ListMode[];
  const rows = [
    ...modes.flatMap((mode) => rowsOf(small[mode], `${names[mode]}, ${few} containers`)),
    ...modes.flatMap((mode) => rowsOf(large[mode], `${names[mode]}, ${many} containers`)),
    ...modes.map((mode) =>
      compare(
        { what: `${names[mode]}, per container as they grow`, peer: `crikit, ${few}`, unit: "µs", goal: 1.1 },
        large[mode].get("crikit") ?? [],
        small[mode].get("crikit") ?? [],
      ),
    ),
  ];
  console.log(markdownTable(rows));
  await writeResults("lists", { title: "Lists", text: textOf(rounds), rows });
}

async function measureSize(containers: number, rounds: number): Promise<Record<ListMode, Times>> {
  await using server = await startServer("support/canned-server.ts", { containers });
  const listers = [await crikitLists(server.path), grpcJsLists(server.path), goLists(server.path)];
  const times = containersPerRound / containers;
  const measure = (mode: ListMode) => {
    const contenders = listers.map(
      (lister): Contender => ({
        name: lister.name,
        run: () => lister.list(mode, times),
      }),
    );
    return measureRounds(contenders, { rounds, unitsPerRound: containersPerRound, collects: true });
  };
  try {
    return {
      unary: await measure("unary"),
      streaming: await measure("streaming"),
      handles: await measure("handles"),
    };
  } finally {
    for (const lister of listers) lister.close();
  }
}

function rowsOf(times: Times, what: string): ResultRow[] {
  return Object.entries(goals).map(([peer, goal]) =>
    compare({ what, peer, unit: "µs", goal }, times.get("crikit") ?? [], times.get(peer) ?? []),
  );
}
