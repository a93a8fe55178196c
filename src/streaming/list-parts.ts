import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";

/** A quarter of what clients on grpc-go take by default. */
const partBytes = 1024 * 1024;

/**
 * A list in the parts that a streaming list RPC sends: each with as many items as fit in 1 MiB, and at least
 * one. No items, no part.
 */
export function* listParts<Item extends DescMessage>(
  schema: Item,
  items: Iterable<MessageShape<Item>>,
): Generator<MessageShape<Item>[]> {
  let part: MessageShape<Item>[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = toBinary(schema, item).length;
    if (part.length > 0 && bytes + size > partBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
