import type { DescEnum, DescEnumValue } from "@bufbuild/protobuf";
import { safeObjectProperty } from "@bufbuild/protobuf/reflect";
import type { Contract, EnumPlace } from "./contract.js";
import { StandIns } from "./stand-in.js";
import { none, type WireFields } from "./wire-fields.js";

const enums = new StandIns<DescEnum>([
  ...(["kind", "proto", "deprecated", "file", "parent", "open", "name", "typeName"] as const),
  ...(["value", "values", "sharedPrefix", "toString"] as const),
]);

export function makeEnum(
  file: Contract,
  { index, message }: EnumPlace,
  read: () => WireFields | undefined,
): DescEnum {
  return enums.make((self) => {
    // google.protobuf.EnumDescriptorProto
    const wire = read() ?? none;
    const name = wire.text(1);
    const parent = message === undefined ? undefined : file.message(message);
    const typeName = `${parent?.typeName ?? file.package}.${name}`;
    const booted = () => {
      const { messages, enums } = file.booted;
      return (message === undefined ? enums : messages[message]?.nestedEnums)?.[index] as DescEnum;
    };
    const given = wire.messages(2).map((value) => ({ name: value.text(1), number: value.number(2) }));
    const sharedPrefix = sharedPrefixOf(name, given);
    const values = given.map(
      (value, at): DescEnumValue => ({
        kind: "enum_value",
        get proto() {
          return (booted().values[at] as DescEnumValue).proto;
        },
        get deprecated() {
          return (booted().values[at] as DescEnumValue).deprecated;
        },
        parent: self,
        name: value.name,
        localName: safeObjectProperty(value.name.slice(sharedPrefix?.length ?? 0)),
        number: value.number,
        jsonName: value.name,
        toString: () => `enum value ${typeName}.${value.name}`,
      }),
    );
    return {
      kind: "enum",
      get proto() {
        return booted().proto;
      },
      get deprecated() {
        return booted().deprecated;
      },
      file: file.desc,
      parent,
      open: true,
      name,
      typeName,
      value: Object.fromEntries(values.map((value) => [value.number, value])),
      values,
      sharedPrefix,
      toString: () => `enum ${typeName}`,
    };
  });
}

/** What the names of all values begin with, if that is the enum's own name. */
function sharedPrefixOf(name: string, values: readonly { name: string }[]): string | undefined {
  const prefix = `${name.slice(0, 1)}${name.slice(1).replace(/[A-Z]/g, "_$&")}_`.toLowerCase();
  const isShared = values.every(
    (value) => value.name.toLowerCase().startsWith(prefix) && /^\D/.test(value.name.slice(prefix.length)),
  );
  return isShared ? prefix : undefined;
}
