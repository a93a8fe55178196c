import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { execRequest, type LocalRuntime, startLocalRuntime } from "./support/local-runtime.js";
import { rawUpgrade, spdy, webSocket } from "./support/raw-upgrade.js";

let runtime: LocalRuntime;
const execUrl = () => runtime.server.execUrl(execRequest(["true"]));
const forwardUrl = () => runtime.server.portForwardUrl({ podSandboxId: "p", ports: [1] });

beforeAll(async () => {
  runtime = await startLocalRuntime();
});

afterAll(() => runtime[Symbol.asyncDispose]());

describe("a streaming URL", () => {
  it("leads to loopback and has a secret of 256 bits", () => {
    expect(execUrl()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/exec\/[\w-]{43}$/);
    expect(execUrl()).not.toBe(execUrl());
  });

  it("is good for one use", async () => {
    const url = execUrl();
    const first = await rawUpgrade(url, spdy("v4.channel.k8s.io"));
    expect(first.status).toBe(101);
    first.socket?.destroy();
    expect((await rawUpgrade(url, spdy("v4.channel.k8s.io"))).status).toBe(404);
  });

  it("is used up by a refused attempt", async () => {
    const url = execUrl();
    expect((await rawUpgrade(url, spdy("v9.channel.k8s.io"))).status).toBe(403);
    expect((await rawUpgrade(url, spdy("v4.channel.k8s.io"))).status).toBe(404);
  });

  it("is good for its own kind of session alone", async () => {
    const url = execUrl().replace("/exec/", "/attach/");
    expect((await rawUpgrade(url, spdy("v4.channel.k8s.io"))).status).toBe(404);
    expect((await rawUpgrade(execUrl().slice(0, -3), spdy("v4.channel.k8s.io"))).status).toBe(404);
  });

  it("answers a request without an upgrade in words", async () => {
    const response = await fetch(execUrl());
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("SPDY/3.1")]);
  });
});

describe("SPDY", () => {
  it.each([
    ["v4.channel.k8s.io", "v4.channel.k8s.io"],
    ["v5.channel.k8s.io, v4.channel.k8s.io", "v4.channel.k8s.io"],
    ["v3.channel.k8s.io,v4.channel.k8s.io", "v3.channel.k8s.io"],
    ["channel.k8s.io", "channel.k8s.io"],
  ])("takes the first protocol of %s that it knows", async (offered, chosen) => {
    const answer = await rawUpgrade(execUrl(), spdy(offered));
    answer.socket?.destroy();
    expect([answer.status, answer.headers["x-stream-protocol-version"]]).toEqual([101, chosen]);
    expect(answer.headers.upgrade).toBe("SPDY/3.1");
  });

  it("takes several header lines for one list", async () => {
    const headers = {
      upgrade: "SPDY/3.1",
      "x-stream-protocol-version": ["v5.channel.k8s.io", "v4.channel.k8s.io"],
    };
    const answer = await rawUpgrade(execUrl(), headers);
    answer.socket?.destroy();
    expect(answer.headers["x-stream-protocol-version"]).toBe("v4.channel.k8s.io");
  });

  it("is opened by GET as by POST", async () => {
    for (const method of ["GET", "POST"]) {
      const answer = await rawUpgrade(execUrl(), spdy("v4.channel.k8s.io"), method);
      answer.socket?.destroy();
      expect(answer.status).toBe(101);
    }
  });

  it("refuses others and says what it takes", async () => {
    const answer = await rawUpgrade(execUrl(), spdy("v5.channel.k8s.io"));
    expect(answer.status).toBe(403);
    expect(answer.headers["x-accepted-stream-protocol-versions"]).toContain("v4.channel.k8s.io");
    expect((await rawUpgrade(execUrl(), { upgrade: "SPDY/3.1" })).status).toBe(403);
    expect((await rawUpgrade(forwardUrl(), spdy("v4.channel.k8s.io"))).status).toBe(403);
  });
});

describe("WebSocket", () => {
  it.each([
    ["v5.channel.k8s.io, v4.channel.k8s.io", "v5.channel.k8s.io"],
    ["v4.channel.k8s.io, v5.channel.k8s.io", "v4.channel.k8s.io"],
    ["v4.base64.channel.k8s.io", "v4.base64.channel.k8s.io"],
    ["channel.k8s.io", "channel.k8s.io"],
    ["", undefined],
  ])("takes the first protocol of '%s' that it knows", async (offered, chosen) => {
    const answer = await rawUpgrade(execUrl(), webSocket(offered), "GET");
    answer.socket?.destroy();
    expect([answer.status, answer.headers["sec-websocket-protocol"]]).toEqual([101, chosen]);
    expect(answer.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  it("refuses others, and port-forward's tunnel for an exec", async () => {
    for (const offered of ["v9.channel.k8s.io", "SPDY/3.1+portforward.k8s.io"]) {
      expect((await rawUpgrade(execUrl(), webSocket(offered), "GET")).status).toBe(403);
    }
  });

  it("is opened by POST as by GET", async () => {
    const answer = await rawUpgrade(execUrl(), webSocket("v5.channel.k8s.io"), "POST");
    answer.socket?.destroy();
    expect(answer.status).toBe(101);
  });

  it("refuses a handshake of another version", async () => {
    const headers = { ...webSocket("v5.channel.k8s.io"), "sec-websocket-version": "8" };
    expect((await rawUpgrade(execUrl(), headers, "GET")).status).toBe(400);
  });
});

it("another protocol is refused", async () => {
  expect((await rawUpgrade(execUrl(), { upgrade: "h2c" })).status).toBe(400);
});
