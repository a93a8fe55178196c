import type { DescEnum, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { bootedFile } from "./booted-file.js";
import type { Contract, EnumPlace } from "./contract.js";
import { makeEnum } from "./enum.js";
import { makeMessage } from "./message.js";
import { makeService } from "./service.js";
import { StandIns } from "./stand-in.js";
import { nameIn, WireFields } from "./wire-fields.js";

/** `Edition.EDITION_PROTO3`, without all that comes with it. */
const proto3 = 999;

const files = new StandIns<DescFile>([
  ...(["kind", "proto", "deprecated", "edition", "name", "dependencies"] as const),
  ...(["enums", "messages", "extensions", "services", "toString"] as const),
]);

/**
 * One file of the contract, of proto3 and without imports, nested messages or oneofs: its descriptors, which are the same
 * as protobuf-es' but that each is made when somebody looks at it.
 */
export class ContractFile implements Contract {
  readonly desc: DescFile;
  readonly #base64: string;
  readonly #messages: DescMessage[] = [];
  readonly #enums = new Map<string, DescEnum>();
  readonly #services: DescService[] = [];
  #fields: WireFields | undefined;
  #messageIndexes: ReadonlyMap<string, number> | undefined;
  #enumPlaces: ReadonlyMap<string, EnumPlace> | undefined;
  #booted: DescFile | undefined;

  /** `base64` is a `google.protobuf.FileDescriptorProto`. */
  constructor(base64: string) {
    this.#base64 = base64;
    this.desc = files.make(() => this.#makeDesc());
  }

  get booted(): DescFile {
    this.#booted ??= bootedFile(this.#base64);
    return this.#booted;
  }

  get package(): string {
    return this.#wire.text(2);
  }

  message(index: number): DescMessage {
    this.#messages[index] ??= makeMessage(this, index, () => this.#wire.messages(4)[index]);
    return this.#messages[index];
  }

  enum(index: number, message?: number): DescEnum {
    const place = `${message}.${index}`;
    let desc = this.#enums.get(place);
    if (!desc) {
      const wire = () => (message === undefined ? this.#wire.messages(5) : this.#enumsIn(message))[index];
      desc = makeEnum(this, { index, message }, wire);
      this.#enums.set(place, desc);
    }
    return desc;
  }

  service(index: number): DescService {
    this.#services[index] ??= makeService(this, index, () => this.#wire.messages(6)[index]);
    return this.#services[index];
  }

  messageOf(name: string): DescMessage {
    this.#messageIndexes ??= new Map(this.#names(4));
    return this.message(this.#messageIndexes.get(name) ?? -1);
  }

  enumOf(name: string): DescEnum {
    this.#enumPlaces ??= new Map([
      ...this.#names(5).map(([name, index]) => [name, { index }] as const),
      ...this.#names(4).flatMap(([parent, message]) =>
        this.#enumsIn(message).map(
          (nested, index) => [`${parent}.${nested.text(1)}`, { index, message }] as const,
        ),
      ),
    ]);
    const { index, message } = this.#enumPlaces.get(name) ?? { index: -1 };
    return this.enum(index, message);
  }

  get #wire(): WireFields {
    this.#fields ??= new WireFields(Buffer.from(this.#base64, "base64"));
    return this.#fields;
  }

  /** Of google.protobuf.DescriptorProto. */
  #enumsIn(message: number): readonly WireFields[] {
    return this.#wire.messages(4)[message]?.messages(4) ?? [];
  }

  /** Of the types that a field of the file has. */
  #names(number: number): [name: string, index: number][] {
    const scope = `.${this.package}.`;
    return this.#wire.bytes(number).map((type, index) => [`${scope}${nameIn(type)}`, index]);
  }

  #makeDesc(): DescFile {
    const booted = () => this.booted;
    const path = this.#wire.text(1);
    return {
      kind: "file",
      get proto() {
        return booted().proto;
      },
      get deprecated() {
        return booted().deprecated;
      },
      edition: proto3,
      name: path.replace(/\.proto$/, ""),
      dependencies: [],
      enums: this.#wire.bytes(5).map((_, index) => this.enum(index)),
      messages: this.#wire.bytes(4).map((_, index) => this.message(index)),
      extensions: [],
      services: this.#wire.bytes(6).map((_, index) => this.service(index)),
      toString: () => `file ${path}`,
    };
  }
}
