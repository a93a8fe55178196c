import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  CriError,
  DeadlineError,
  ImagePullError,
  InvalidArgumentError,
  NameReservedError,
  NotFoundError,
  UnavailableError,
  UnsupportedError,
} from "../../src/errors.js";
import { parseEndpoint } from "../../src/transport/endpoint.js";
import { type FailedCall, rpcError } from "../../src/transport/rpc-error.js";

const call: FailedCall = { rpc: "RunPodSandbox", endpoint: parseEndpoint("/run/x.sock"), timeoutMs: 1000 };

function mapped(message: string, code: Code, overrides: Partial<FailedCall> = {}): CriError {
  const error = rpcError(new ConnectError(message, code), { ...call, ...overrides });
  if (!(error instanceof CriError)) throw new Error(`No CriError: ${error}`);
  return error;
}

describe("`rpcError`", () => {
  test.each([
    [Code.Canceled, "canceled", CriError],
    [Code.Unknown, "unknown", CriError],
    [Code.InvalidArgument, "invalid_argument", InvalidArgumentError],
    [Code.DeadlineExceeded, "deadline_exceeded", DeadlineError],
    [Code.NotFound, "not_found", NotFoundError],
    [Code.AlreadyExists, "already_exists", CriError],
    [Code.PermissionDenied, "permission_denied", CriError],
    [Code.ResourceExhausted, "resource_exhausted", CriError],
    [Code.FailedPrecondition, "failed_precondition", CriError],
    [Code.Aborted, "aborted", CriError],
    [Code.OutOfRange, "out_of_range", CriError],
    [Code.Unimplemented, "unsupported", UnsupportedError],
    [Code.Internal, "internal", CriError],
    [Code.Unavailable, "unavailable", UnavailableError],
    [Code.DataLoss, "data_loss", CriError],
    [Code.Unauthenticated, "unauthenticated", CriError],
  ])("turns gRPC code %d into %s", (code, expected, errorClass) => {
    const cause = new ConnectError("it did not work", code);
    const error = rpcError(cause, call);
    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({
      code: expected,
      rpc: "RunPodSandbox",
      endpoint: "unix:///run/x.sock",
      cause,
    });
    expect(error).toHaveProperty("message", expect.stringMatching(/^RunPodSandbox.*: it did not work$/));
  });

  test.each([
    [
      "UpdateContainerResources",
      "container with ID starting with 0000 not found: ID does not exist",
      "a container",
    ],
    [
      "CreateContainer",
      'reference "[overlay@/root+/run]crikit.test/nothing:1" does not resolve to an image ID',
      "an image",
    ],
    [
      "PullImage",
      "unable to pull image or OCI artifact: pull image err: initializing source docker://r.test/a:9: reading manifest 9 in r.test/a: manifest unknown: no manifest 9; artifact err: none",
      "a tag",
    ],
  ])("takes what CRI-O says by %s (%s) for: %s is not there", (rpc, text) => {
    const error = mapped(text, Code.Unknown, { rpc });
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toBe(`${rpc}: ${text}`);
  });

  test.each([
    ["containerd", 'failed to reserve sandbox name "a_b_c_0": name "a_b_c_0" is reserved for "9d42"'],
    [
      "CRI-O",
      "Kubelet may be retrying requests that are timing out in CRI-O due to system load: context deadline exceeded: error reserving ctr name k8s_a_b_c_0 for id 8424: name is reserved",
    ],
    [
      "cri-dockerd",
      'Error response from daemon: Conflict. The container name "/k8s_a" is already in use by container "9d42". You have to remove it.',
    ],
  ])("knows the reserved name of %s", (_, text) => {
    expect(mapped(text, Code.Unknown)).toBeInstanceOf(NameReservedError);
  });

  test.each([
    ["RegistryUnavailable: pull image x: connection refused", "registry_unavailable", "RegistryUnavailable"],
    ["SignatureValidationFailed: no signature", "signature_validation_failed", "SignatureValidationFailed"],
    ["RROUnsupported: runc is too old", "rro_unsupported", "RROUnsupported"],
    ["ImageVolumeMountFailed: no such image", "image_volume_mount_failed", "ImageVolumeMountFailed"],
    [
      "rpc error: code = Unknown desc = RegistryUnavailable: x",
      "registry_unavailable",
      "RegistryUnavailable",
    ],
  ])("finds the reason in %s", (text, code, reason) => {
    expect(mapped(text, Code.Unknown)).toMatchObject({ code, reason });
  });

  test("makes an ImagePullError of what can go wrong at a registry", () => {
    expect(mapped("RegistryUnavailable: x", Code.Unknown)).toBeInstanceOf(ImagePullError);
    expect(mapped("RROUnsupported: x", Code.Unknown)).not.toBeInstanceOf(ImagePullError);
  });

  test.each([
    ["a reason that is not the first word", "failed: RegistryUnavailable"],
    ["a word that only begins like one", "RegistryUnavailableToo: x"],
    ["a name that objects have", "constructor: x"],
  ])("leaves %s unknown", (_, text) => {
    expect(mapped(text, Code.Unknown)).toMatchObject({ code: "unknown", reason: undefined });
  });

  test("leaves a reason alone that comes with another code", () => {
    expect(mapped("RegistryUnavailable: x", Code.NotFound)).toBeInstanceOf(NotFoundError);
  });

  test.each([
    "not implemented yet",
    "method UpdatePodSandboxResources not implemented",
    "unknown service runtime.v1",
  ])("takes the plain error %j for unsupported", (text) => {
    expect(mapped(text, Code.Unknown)).toBeInstanceOf(UnsupportedError);
  });

  test("takes ENOSYS for what it is", () => {
    expect(mapped("mount /x: function not implemented", Code.Unknown)).toMatchObject({ code: "unknown" });
  });

  test("gives the signal's own reason once it has aborted, a timeout of the user's included", async () => {
    const signal = AbortSignal.timeout(1);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const error = rpcError(new ConnectError("late", Code.DeadlineExceeded), { ...call, signal });
    expect(error).toBe(signal.reason);
    expect(error).toHaveProperty("name", "TimeoutError");
  });

  test("names the deadline", () => {
    expect(mapped("too late", Code.DeadlineExceeded).message).toBe(
      "RunPodSandbox was not done within 1000 ms: too late",
    );
    expect(mapped("too late", Code.DeadlineExceeded, { timeoutMs: 0 }).message).toBe(
      "RunPodSandbox was not done: too late",
    );
  });
});
