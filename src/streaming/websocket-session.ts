import type { Duplex } from "node:stream";

import { UnavailableError } from "../errors.js";
import { printStatus, type SessionStatus } from "../wire/channels.js";
import { ChannelStreams } from "../wire/websocket/channel-streams.js";
import {
  type ChannelProtocol,
  ChannelReader,
  channelNumbers,
  writeChannel,
} from "../wire/websocket/channels.js";
import { closeCodes, WebSocketConnection } from "../wire/websocket/connection.js";
import { runSession } from "./run-session.js";
import type { SessionIo, SessionRequest } from "./streaming-runtime.js";

export interface WebSocketSession {
  readonly request: SessionRequest;
  readonly protocol: ChannelProtocol;
  work(io: SessionIo): Promise<SessionStatus>;
}

/** Serves one exec or attach on a WebSocket. */
export async function serveWebSocketSession(
  socket: Duplex,
  head: Buffer,
  session: WebSocketSession,
): Promise<void> {
  const { request, protocol, work } = session;
  const gone = new AbortController();
  const streams = new ChannelStreams(protocol, new ChannelReader(protocol));
  const { stdin, stdout, stderr, error, resize } = channelNumbers;
  // Before the connection, which may have something to tell at once.
  const input = request.stdin ? streams.readable(stdin) : undefined;
  const sizes = request.tty ? streams.readable(resize) : undefined;
  const connection = new WebSocketConnection(socket, head, {
    role: "server",
    onData: (data) => streams.receive(data),
    onEnd() {
      gone.abort(new UnavailableError("The client has gone"));
      streams.end();
    },
  });
  streams.attach(connection);
  const send = (channel: number, payload: Buffer) => {
    const message = writeChannel(protocol, channel, payload);
    connection.send(message.payload, message);
  };
  // Clients wait for this to know that the session is there.
  send(request.stdout ? stdout : request.stderr ? stderr : error, Buffer.alloc(0));
  const status = await runSession(
    {
      stdin: input,
      stdout: request.stdout ? streams.writable(stdout) : undefined,
      stderr: request.stderr && !request.tty ? streams.writable(stderr) : undefined,
      resize: sizes,
      signal: gone.signal,
    },
    work,
  );
  const text = statusText(status, protocol);
  if (text !== "") send(error, Buffer.from(text));
  connection.close(closeCodes.normal);
}

function statusText(status: SessionStatus, { hasStatus }: ChannelProtocol): string {
  if (hasStatus) return printStatus(status);
  if (status.kind === "failure") return status.message;
  return status.exitCode === 0 ? "" : `command terminated with exit code ${status.exitCode}`;
}
