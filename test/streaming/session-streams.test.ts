import { afterEach, expect, it, vi } from "vitest";

import { SpdySessionStreams } from "../../src/streaming/spdy-session.js";
import { execRequest } from "./support/local-runtime.js";

afterEach(() => {
  vi.useRealTimers();
});

it("a client that goes before its streams are there leaves no timer behind", async () => {
  vi.useFakeTimers();
  const streams = new SpdySessionStreams(execRequest(["true"]), "v4.channel.k8s.io");
  const gone = new AbortController();
  const complete = streams.complete(gone.signal);
  expect(vi.getTimerCount()).toBe(1);
  gone.abort(new Error("Gone"));
  await expect(complete).rejects.toThrow("Gone");
  expect(vi.getTimerCount()).toBe(0);
});

it("a client that does not open its streams is waited for 30 s", async () => {
  vi.useFakeTimers();
  const streams = new SpdySessionStreams(execRequest(["true"]), "v4.channel.k8s.io");
  const late = expect(streams.complete(new AbortController().signal)).rejects.toMatchObject({
    code: "deadline_exceeded",
  });
  await vi.advanceTimersByTimeAsync(30_000);
  await late;
});
