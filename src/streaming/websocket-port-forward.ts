import { Duplex } from "node:stream";

import { ChannelStreams } from "../wire/websocket/channel-streams.js";
import { type ChannelProtocol, ChannelReader } from "../wire/websocket/channels.js";
import { closeCodes, WebSocketConnection } from "../wire/websocket/connection.js";
import type { PortForwardRequest, StreamingRuntime } from "./streaming-runtime.js";

/**
 * Serves port-forward on the channels of a WebSocket: two for each port that the RPC named, one for bytes and
 * one for trouble, each beginning with the port's number. One connection per port.
 */
export async function serveWebSocketPortForward(
  socket: Duplex,
  head: Buffer,
  session: { runtime: StreamingRuntime; request: PortForwardRequest; protocol: ChannelProtocol },
): Promise<void> {
  const { runtime, request, protocol } = session;
  const streams = new ChannelStreams(protocol, new ChannelReader(protocol));
  const ports = request.ports.map((port, index) => ({
    port,
    input: streams.readable(2 * index),
    output: streams.writable(2 * index),
    trouble: streams.writable(2 * index + 1),
  }));
  const connection = new WebSocketConnection(socket, head, {
    role: "server",
    onData: (data) => streams.receive(data),
    onEnd: () => streams.end(),
  });
  streams.attach(connection);
  await Promise.all(
    ports.map(async ({ port, input, output, trouble }) => {
      const number = Buffer.alloc(2);
      number.writeUInt16LE(port);
      output.write(number);
      trouble.write(number);
      try {
        await runtime.portForward(
          request.podSandboxId,
          port,
          Duplex.from({ readable: input, writable: output }),
        );
      } catch (error) {
        trouble.write(error instanceof Error ? error.message : String(error));
      }
      input.resume();
    }),
  );
  connection.close(closeCodes.normal);
}
