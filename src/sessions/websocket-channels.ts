import { type Readable, Writable } from "node:stream";

import { CriError, UnavailableError, UnsupportedError } from "../errors.js";
import { printSize, printStatus } from "../wire/channels.js";
import { ChannelStreams } from "../wire/websocket/channel-streams.js";
import {
  type ChannelProtocol,
  ChannelReader,
  channelNumbers,
  channelProtocols,
} from "../wire/websocket/channels.js";
import { closeCodes, WebSocketConnection, type WebSocketEnd } from "../wire/websocket/connection.js";
import { acceptKey, newWebSocketKey } from "../wire/websocket/handshake.js";
import type { ChannelRequest, Channels } from "./channels.js";
import { type UpgradeOptions, upgrade } from "./upgrade/upgrade.js";

/** In one offer: the server takes the first that it knows. Only v5 lets the command's input end. */
const offered = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** Opens a session's channels by WebSocket. */
export async function openWebSocketChannels(
  url: URL,
  request: ChannelRequest,
  options: Pick<UpgradeOptions, "signal" | "tls">,
): Promise<Channels> {
  const key = newWebSocketKey();
  const { socket, head, headers } = await upgrade(url, {
    ...options,
    method: "GET",
    protocol: "websocket",
    headers: {
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      "sec-websocket-protocol": offered.join(", "),
    },
  });
  const protocol = channelProtocols.find(({ name }) => name === headers.get("sec-websocket-protocol"));
  if (
    headers.get("sec-websocket-accept") !== acceptKey(key) ||
    !protocol ||
    !offered.includes(protocol.name)
  ) {
    socket.destroy();
    throw new CriError("internal", "The streaming server's answer is not that of a WebSocket server");
  }
  const streams = new ChannelStreams(protocol, new ChannelReader(protocol));
  const { stdin, stdout, stderr, error, resize } = channelNumbers;
  const channels = {
    stdin: request.stdin ? inputChannel(streams, stdin, protocol) : undefined,
    stdout: request.stdout ? streams.readable(stdout) : undefined,
    stderr: request.stderr && !request.tty ? streams.readable(stderr) : undefined,
  };
  const said = readText(streams.readable(error));
  const sizes = streams.writable(resize);
  sizes.on("error", () => {});
  let endedWell = false;
  const connection = new WebSocketConnection(socket, head, {
    role: "client",
    onData: (data) => streams.receive(data),
    onEnd(end) {
      endedWell = isClean(end);
      streams.end(lossOf(end));
    },
  });
  streams.attach(connection);
  // CRI-O's monitor tells a success by a clean end alone. But it also ends at the end of the input, whatever the
  // command does then.
  const status = said.then((text) => {
    const isSuccess = text === "" && endedWell && protocol.hasClose && !channels.stdin?.writableEnded;
    return isSuccess ? printStatus({ kind: "exit", exitCode: 0 }) : text;
  });
  return {
    ...channels,
    status,
    resize: (size) => void (request.tty && sizes.write(printSize(size))),
    close: () => connection.destroy(),
  };
}

/** Without v5 the end of the input cannot be told: better an error than a command that waits for ever. */
function inputChannel(streams: ChannelStreams, channel: number, protocol: ChannelProtocol): Writable {
  const input = streams.writable(channel, { closes: true });
  if (protocol.hasClose) return input;
  return new Writable({
    write: (chunk, encoding, done) => void input.write(chunk, encoding, done),
    final(done) {
      done(new UnsupportedError(`This runtime cannot be told that the input has ended (${protocol.name})`));
    },
  });
}

function isClean(end: WebSocketEnd): boolean {
  return "code" in end && end.code === closeCodes.normal;
}

function lossOf(end: WebSocketEnd): Error | undefined {
  if ("error" in end) return end.error;
  return isClean(end)
    ? undefined
    : new UnavailableError(`The session was ended by the runtime: ${end.code} ${end.reason}`);
}

async function readText(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}
