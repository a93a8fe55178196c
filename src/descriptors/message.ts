import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Contract } from "./contract.js";
import { makeField } from "./field.js";
import { StandIns } from "./stand-in.js";
import { none, type WireFields } from "./wire-fields.js";

const messages = new StandIns<DescMessage>([
  ...(["kind", "proto", "deprecated", "file", "parent", "name", "typeName", "fields", "field"] as const),
  ...(["oneofs", "members", "nestedEnums", "nestedMessages", "nestedExtensions", "toString"] as const),
]);

export function makeMessage(file: Contract, index: number, read: () => WireFields | undefined): DescMessage {
  return messages.make((self) => {
    // google.protobuf.DescriptorProto
    const wire = read() ?? none;
    const name = wire.text(1);
    const typeName = `${file.package}.${name}`;
    const mapEntries = new Map(wire.messages(3).map((entry) => [`.${typeName}.${entry.text(1)}`, entry]));
    const booted = () => file.booted.messages[index] as DescMessage;
    const fields = wire
      .messages(2)
      .map((field, at) => makeField(file, self, field, mapEntries, () => booted().fields[at] as DescField));
    return {
      kind: "message",
      get proto() {
        return booted().proto;
      },
      get deprecated() {
        return booted().deprecated;
      },
      file: file.desc,
      parent: undefined,
      name,
      typeName,
      fields,
      field: Object.fromEntries(fields.map((field) => [field.localName, field])),
      oneofs: [],
      members: [...fields],
      nestedEnums: wire.messages(4).map((_, at) => file.enum(at, index)),
      nestedMessages: [],
      nestedExtensions: [],
      toString: () => `message ${typeName}`,
    };
  });
}
