import type { DescEnum, DescFile, DescMessage } from "@bufbuild/protobuf";

/** Where in the file an enum is declared. */
export interface EnumPlace {
  readonly index: number;
  /** The message that it is in. */
  readonly message?: number | undefined;
}

/** What descriptors of one file know of each other. */
export interface Contract {
  readonly desc: DescFile;
  readonly package: string;
  /** What protobuf-es makes of the same bytes. */
  readonly booted: DescFile;
  message(index: number): DescMessage;
  /** The enum of the file or, where one is given, of a message in it. */
  enum(index: number, message?: number): DescEnum;
  /** The message of a name such as `.runtime.v1.Container`. */
  messageOf(name: string): DescMessage;
  enumOf(name: string): DescEnum;
}
