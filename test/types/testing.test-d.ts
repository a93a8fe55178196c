import type { Readable, Writable } from "node:stream";
import { connect, type RuntimeClient } from "crikit";
import type { PullImageRequest } from "crikit/proto";
import {
  type busyboxImage,
  type FakeRuntime,
  type ImageSource,
  type RuntimeHandle,
  startFakeRuntime,
  startRuntime,
} from "crikit/testing";
import { expectTypeOf } from "expect-type";

declare const fake: FakeRuntime;

expectTypeOf(startRuntime()).resolves.toEqualTypeOf<RuntimeHandle>();
expectTypeOf(startFakeRuntime()).resolves.toEqualTypeOf<FakeRuntime>();
expectTypeOf<RuntimeHandle>().toExtend<AsyncDisposable>();
expectTypeOf<FakeRuntime>().toExtend<AsyncDisposable>();
expectTypeOf(connect).parameter(0).toExtend<FakeRuntime["endpoint"] | undefined>();
expectTypeOf(fake.runtime).toEqualTypeOf<RuntimeClient>();

// An image is of files, a layout or an archive: one of the three.
expectTypeOf<{ ref: string; layout: string }>().toExtend<ImageSource>();
expectTypeOf<{ ref: string; files: { "/a": "text"; "/b": { from: string } } }>().toExtend<ImageSource>();
expectTypeOf<{ ref: string }>().not.toExtend<ImageSource>();
expectTypeOf<{ ref: string } & Awaited<ReturnType<typeof busyboxImage>>>().toExtend<ImageSource>();

// Scripts return an exit code, or nothing for 0.
fake.onExec("cat", ({ stdin, stdout, argv }) => {
  expectTypeOf(stdin).toEqualTypeOf<Readable>();
  expectTypeOf(stdout).toEqualTypeOf<Writable>();
  expectTypeOf(argv).toEqualTypeOf<readonly string[]>();
});
fake.onExec(["true"], async () => 0);
// @ts-expect-error An exit code is a number.
fake.onExec("false", () => "1");

// The RPC's name decides on the request that a handler of one's own is given.
fake.onCall("pullImage", (request, call) => {
  expectTypeOf(request).toEqualTypeOf<PullImageRequest>();
  return call.next();
});
// @ts-expect-error There is no such RPC.
fake.fault("pullImages", { error: "not_found" });
// @ts-expect-error A runtime cannot be the cause of it.
fake.fault("pullImage", { error: "no_endpoint" });
