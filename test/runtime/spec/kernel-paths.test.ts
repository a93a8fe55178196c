import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { LinuxContainerSecurityContextSchema, NamespaceMode } from "../../../src/proto.js";
import {
  defaultMaskedPaths,
  defaultReadonlyPaths,
  kernelPaths,
} from "../../../src/runtime/spec/kernel-paths.js";

const namespaceOptions = { usernsOptions: { mode: NamespaceMode.POD } };
const own = { maskedPaths: ["/proc/keys"], readonlyPaths: ["/proc/bus"] };
const defaults = { maskedPaths: defaultMaskedPaths, readonlyPaths: defaultReadonlyPaths };
const nothing = { maskedPaths: [], readonlyPaths: [] };

const rows: {
  what: string;
  context: MessageInitShape<typeof LinuxContainerSecurityContextSchema>;
  paths: object;
}[] = [
  { what: "ours, unless told", context: {}, paths: defaults },
  { what: "the request's", context: own, paths: own },
  {
    what: "the request's of one kind, ours of the other",
    context: { maskedPaths: own.maskedPaths },
    paths: { ...defaults, maskedPaths: own.maskedPaths },
  },
  { what: "none for privileged ones", context: { ...own, privileged: true }, paths: nothing },
  { what: "none with a user namespace, unless told", context: { namespaceOptions }, paths: nothing },
  { what: "the request's with a user namespace", context: { ...own, namespaceOptions }, paths: own },
];

test.each(rows)("`kernelPaths` are $what", ({ context, paths }) => {
  expect(kernelPaths(create(LinuxContainerSecurityContextSchema, context))).toEqual(paths);
});
