import {
  CriError,
  type CriErrorCode,
  type CriReason,
  DeadlineError,
  ImagePullError,
  InvalidArgumentError,
  NonZeroExitError,
  type NotFoundError,
  type NotRunningError,
  type StaleSocketError,
  type UnavailableError,
} from "crikit";
import type { ManifestError } from "crikit/kube";
import { expectTypeOf } from "expect-type";

declare const error: unknown;

// Each class narrows to what it alone knows.
if (error instanceof InvalidArgumentError) expectTypeOf(error.field).toEqualTypeOf<string | undefined>();
if (error instanceof NonZeroExitError) {
  expectTypeOf(error.exitCode).toEqualTypeOf<number>();
  expectTypeOf(error.stdout).toEqualTypeOf<string | Uint8Array>();
}
if (error instanceof CriError) {
  expectTypeOf(error.reason).toEqualTypeOf<CriReason | undefined>();
  expectTypeOf(error.rpc).toEqualTypeOf<string | undefined>();
  expectTypeOf(error.tries).toEqualTypeOf<number | undefined>();
}

// Whoever catches the wider class has the narrower ones.
expectTypeOf<NotFoundError>().toExtend<CriError>();
expectTypeOf<CriError>().toExtend<Error>();
expectTypeOf<NotRunningError>().toExtend<UnavailableError>();
expectTypeOf<StaleSocketError>().toExtend<UnavailableError>();
expectTypeOf<ManifestError>().toExtend<InvalidArgumentError>();
expectTypeOf<CriError>().not.toExtend<NonZeroExitError>();

// Codes are words, not any text: a misspelt case does not compile.
expectTypeOf<"not_found">().toExtend<CriErrorCode>();
expectTypeOf<string>().not.toExtend<CriErrorCode>();
function explain(code: CriErrorCode): string {
  switch (code) {
    case "not_found":
      return "gone";
    // @ts-expect-error There is no such code.
    case "notfound":
      return "misspelt";
    default:
      expectTypeOf(code).not.toEqualTypeOf<"not_found">();
      return code;
  }
}
expectTypeOf(explain).returns.toEqualTypeOf<string>();

// What was caught can be made by whoever tests their own handling of it.
expectTypeOf(new DeadlineError("late", { rpc: "Version" })).toExtend<CriError>();
expectTypeOf(new ImagePullError("registry_unavailable", "no answer")).toExtend<CriError>();
// @ts-expect-error That code is none of a pull's.
void new ImagePullError("not_found", "no answer");
// @ts-expect-error Codes are known.
void new CriError("no_such_code", "a message");
