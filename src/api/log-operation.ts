import { channels, isHeard } from "../diagnostics/channels.js";
import { Operation } from "../diagnostics/operation.js";
import type { LogLine, RawLogLine } from "../logs/log-line.js";
import type { ApiContext } from "./context.js";

type Lines = AsyncGenerator<LogLine | RawLogLine, void, undefined>;

/** The same lines, told of from the first until there are no more or the reader leaves. */
export function observeLog(
  context: ApiContext,
  subject: { readonly id: string; readonly follow: boolean },
  lines: Lines,
): Lines {
  return context.tracing || isHeard(channels.logs) ? toldLines(context, subject, lines) : lines;
}

async function* toldLines(
  { endpoint, tracing }: ApiContext,
  { id, follow }: { readonly id: string; readonly follow: boolean },
  lines: Lines,
): Lines {
  const payload = { endpoint, id, follow, lines: 0 };
  const operation = Operation.begin({ channel: channels.logs, tracing }, () => ({
    payload,
    span: { name: "crikit.logs", attributes: { "container.id": id, "crikit.follow": follow } },
  }));
  const counted = () => ({ "crikit.lines": payload.lines });
  try {
    const first = () => lines.next();
    let result = await (operation ? operation.run(first) : first());
    while (!result.done) {
      payload.lines += 1;
      yield result.value;
      result = await lines.next();
    }
  } catch (error) {
    operation?.fail(error, counted());
    throw error;
  } finally {
    await lines.return();
    operation?.end(counted());
  }
}
