import type { Readable } from "node:stream";

import { printSize, type StreamType, statusProtocol } from "../wire/channels.js";
import { SpdyConnection } from "../wire/spdy/connection.js";
import type { ChannelRequest, Channels } from "./channels.js";
import { type UpgradeOptions, upgrade } from "./upgrade/upgrade.js";

/** Opens a session's channels by SPDY/3.1, one stream each. */
export async function openSpdyChannels(
  url: URL,
  request: ChannelRequest,
  options: Pick<UpgradeOptions, "signal" | "tls">,
): Promise<Channels> {
  const { socket, head, memory } = await upgrade(url, {
    ...options,
    method: "POST",
    protocol: "SPDY/3.1",
    headers: { "x-stream-protocol-version": statusProtocol },
  });
  const connection = new SpdyConnection(socket, head, {
    role: "client",
    onRead: (isKept) => !isKept && memory.reuse(),
  });
  const onAbort = () => connection.destroy(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const open = (streamtype: StreamType, writable = false) => connection.open({ streamtype }, { writable });
    // All at once: the server takes them in any order and answers each by itself.
    const [status, stdin, stdout, stderr, resize] = await Promise.all([
      open("error"),
      request.stdin ? open("stdin", true) : undefined,
      request.stdout ? open("stdout") : undefined,
      request.stderr && !request.tty ? open("stderr") : undefined,
      request.tty ? open("resize", true) : undefined,
    ]);
    return {
      stdin,
      stdout,
      stderr,
      status: readText(status),
      resize: (size) => resize?.write(printSize(size)),
      close: () => connection.destroy(),
    };
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

async function readText(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}
