import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { safeObjectProperty } from "@bufbuild/protobuf/reflect";
import type { Contract } from "./contract.js";
import { StandIns } from "./stand-in.js";
import { none, type WireFields } from "./wire-fields.js";

const services = new StandIns<DescService>([
  ...(["kind", "proto", "deprecated", "file", "name", "typeName", "methods", "method", "toString"] as const),
]);

const kinds = ["unary", "client_streaming", "server_streaming", "bidi_streaming"] as const;

export function makeService(file: Contract, index: number, read: () => WireFields | undefined): DescService {
  return services.make((self) => {
    // google.protobuf.ServiceDescriptorProto
    const wire = read() ?? none;
    const name = wire.text(1);
    const typeName = `${file.package}.${name}`;
    const booted = () => file.booted.services[index] as DescService;
    const methods = wire
      .messages(2)
      .map((method, at) => makeMethod(file, self, method, () => booted().methods[at] as DescMethod));
    return {
      kind: "service",
      get proto() {
        return booted().proto;
      },
      get deprecated() {
        return booted().deprecated;
      },
      file: file.desc,
      name,
      typeName,
      methods,
      method: Object.fromEntries(methods.map((method) => [method.localName, method])),
      toString: () => `service ${typeName}`,
    };
  });
}

/** `wire` is a google.protobuf.MethodDescriptorProto. */
function makeMethod(
  file: Contract,
  parent: DescService,
  wire: WireFields,
  booted: () => DescMethod,
): DescMethod {
  const [name, input, output] = [wire.text(1), wire.text(2), wire.text(3)];
  return {
    kind: "rpc",
    get proto() {
      return booted().proto;
    },
    get deprecated() {
      return booted().deprecated;
    },
    parent,
    name,
    localName: safeObjectProperty(`${name.slice(0, 1).toLowerCase()}${name.slice(1)}`),
    methodKind: kinds[wire.number(5) + 2 * wire.number(6)],
    get input() {
      return file.messageOf(input);
    },
    get output() {
      return file.messageOf(output);
    },
    idempotency: 0,
    toString: () => `rpc ${parent.typeName}.${name}`,
  } as DescMethod;
}
