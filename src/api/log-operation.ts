import { oneByOne } from "../async/one-by-one.js";
import { channels, isHeard } from "../diagnostics/channels.js";
import { Operation } from "../diagnostics/operation.js";
import type { ApiContext } from "./context.js";

interface Subject {
  readonly id: string;
  readonly follow: boolean;
}

/** The items of these batches, told of from the first until there are no more or the reader leaves. */
export function observeLog<Item>(
  context: ApiContext,
  subject: Subject,
  batches: AsyncGenerator<Item[], void>,
  linesOf: (item: Item) => number,
): AsyncGenerator<Item, void, undefined> {
  if (!context.tracing && !isHeard(channels.logs)) return oneByOne(batches);
  const payload = { endpoint: context.endpoint, ...subject, lines: 0 };
  return oneByOne(toldBatches(context, payload, batches), (item) => {
    payload.lines += linesOf(item);
  });
}

async function* toldBatches<Batch>(
  { tracing }: ApiContext,
  payload: Subject & { readonly endpoint: string; readonly lines: number },
  batches: AsyncGenerator<Batch, void>,
): AsyncGenerator<Batch, void> {
  const operation = Operation.begin({ channel: channels.logs, tracing }, () => ({
    payload,
    span: {
      name: "crikit.logs",
      attributes: { "container.id": payload.id, "crikit.follow": payload.follow },
    },
  }));
  const counted = () => ({ "crikit.lines": payload.lines });
  try {
    const first = () => batches.next();
    let result = await (operation ? operation.run(first) : first());
    while (!result.done) {
      yield result.value;
      result = await batches.next();
    }
  } catch (error) {
    operation?.fail(error, counted());
    throw error;
  } finally {
    await batches.return();
    operation?.end(counted());
  }
}
