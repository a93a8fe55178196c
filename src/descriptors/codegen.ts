// What the generated code imports in place of `@bufbuild/protobuf/codegenv2`: the same functions, but that what they
// give is made when somebody looks at it (decision 37).

import type { DescFile } from "@bufbuild/protobuf";
import type * as Codegen from "@bufbuild/protobuf/codegenv2";
import { ContractFile } from "./file.js";

const files = new WeakMap<DescFile, ContractFile>();

export function fileDesc(base64: string): DescFile {
  const file = new ContractFile(base64);
  files.set(file.desc, file);
  return file.desc;
}

export const messageDesc = ((file, index) => fileOf(file).message(index)) as typeof Codegen.messageDesc;

export const enumDesc = ((file, ...path) => fileOf(file).enum(...placeOf(path))) as typeof Codegen.enumDesc;

/** protobuf-es names an enum by the indexes of the messages that it is in, then its own. */
function placeOf(path: readonly number[]): [index: number, message?: number | undefined] {
  const [first = -1, second] = path;
  return second === undefined ? [first] : [second, first];
}

export const serviceDesc = ((file, index) => fileOf(file).service(index)) as typeof Codegen.serviceDesc;

function fileOf(desc: DescFile): ContractFile {
  const file = files.get(desc);
  if (!file) throw new Error(`${desc} is of another library`);
  return file;
}
