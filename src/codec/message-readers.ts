import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type ByteReader, unusual } from "./byte-reader.js";
import { type FieldReader, type Fields, fieldReaders, type MessageReader } from "./field-readers.js";
import { Layouts } from "./layouts.js";
import { readUnknown } from "./unknown-field.js";

/** How a message is read: all that can be found out beforehand. */
interface MessagePlan {
  readonly layouts: Layouts;
  readonly lists: readonly string[];
  readonly maps: readonly string[];
  /** By tag. */
  readonly fields: readonly (FieldPlan | undefined)[];
  readonly numbers: ReadonlySet<number>;
}

interface FieldPlan {
  readonly read: FieldReader;
  /** What a message field is known by in the bits of those that have come; 0 for other fields. */
  readonly bit: number;
}

/** `Edition.EDITION_PROTO3`, without all that comes with it. */
const proto3 = 999;

const plans = new WeakMap<DescMessage, MessagePlan | undefined>();

/** Reads a message up to the end of the bytes; undefined for kinds of messages that the contract does not have. */
export function messageReader(desc: DescMessage): ((reader: ByteReader) => Fields) | undefined {
  const plan = planOf(desc);
  return plan && ((reader) => readWhole(plan, reader));
}

function planOf(desc: DescMessage): MessagePlan | undefined {
  if (!plans.has(desc)) {
    // Messages that hold their own kind find this while their plan is being made.
    plans.set(desc, undefined);
    plans.set(desc, makePlan(desc));
  }
  return plans.get(desc);
}

function makePlan(desc: DescMessage): MessagePlan | undefined {
  if ((desc.file.edition as number) !== proto3 || desc.typeName.startsWith("google.protobuf.")) {
    return undefined;
  }
  const fields: FieldPlan[] = [];
  const messageFields = namesOf(desc, "message");
  if (messageFields.length > 31) return undefined;
  for (const field of desc.fields) {
    const readers = fieldReaders(field, delimitedMessage);
    if (!readers) return undefined;
    const bit = field.fieldKind === "message" ? 1 << messageFields.indexOf(field.localName) : 0;
    for (const [wireType, read] of readers) fields[(field.number << 3) | wireType] = { read, bit };
  }
  return {
    layouts: new Layouts(create(desc) as Fields, messageFields),
    lists: namesOf(desc, "list"),
    maps: namesOf(desc, "map"),
    fields,
    numbers: new Set(desc.fields.map(({ number }) => number)),
  };
}

function namesOf(desc: DescMessage, kind: "list" | "map" | "message"): string[] {
  return desc.fields.filter(({ fieldKind }) => fieldKind === kind).map(({ localName }) => localName);
}

function delimitedMessage(desc: DescMessage): MessageReader | undefined {
  const plan = planOf(desc);
  return plan && ((reader, end) => readMessage(plan, reader, reader.delimited(end)));
}

function readWhole(plan: MessagePlan, reader: ByteReader): Fields {
  const message = readMessage(plan, reader, reader.end);
  reader.settle();
  return message;
}

function readMessage(plan: MessagePlan, reader: ByteReader, end: number): Fields {
  const message = plan.layouts.begin();
  for (const name of plan.lists) message[name] = [];
  for (const name of plan.maps) message[name] = {};
  let present = 0;
  let unknown: Message["$unknown"];
  while (reader.pos < end) {
    const tag = reader.tag();
    const field = plan.fields[tag];
    if (field) {
      // A message that comes twice is merged.
      if ((present & field.bit) !== 0) throw unusual;
      present |= field.bit;
      field.read(message, reader, end);
    } else {
      if (plan.numbers.has(tag >>> 3)) throw unusual;
      unknown ??= [];
      unknown.push(readUnknown(reader, tag, end));
    }
  }
  if (reader.pos !== end) throw unusual;
  const whole = plan.layouts.finish(message, present, reader);
  if (unknown) whole.$unknown = unknown;
  return whole;
}
