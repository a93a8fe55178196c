import { Duplex } from "node:stream";

import { ChannelStreams } from "../wire/websocket/channel-streams.js";
import { type ChannelProtocol, ChannelReader } from "../wire/websocket/channels.js";
import { closeCodes, WebSocketConnection } from "../wire/websocket/connection.js";
import type { PortForwardRequest, StreamingRuntime } from "./streaming-runtime.js";

/** As long as containerd: a client whose protocol has no end of a channel may still have something to send. */
const lingerMs = 1_000;

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
    channel: 2 * index,
    input: streams.readable(2 * index),
    // What comes here may lie in memory that is used again after the write, which `Duplex` calls done once it is queued.
    output: streams.writable(2 * index, { highWaterMark: 0 }),
    trouble: streams.writable(2 * index + 1),
  }));
  const connection = new WebSocketConnection(socket, head, {
    role: "server",
    onData: (data) => streams.receive(data),
    onEnd: () => streams.end(),
  });
  streams.attach(connection);
  await Promise.all(
    ports.map(async ({ port, channel, input, output, trouble }) => {
      let lingering: NodeJS.Timeout | undefined;
      output.once("finish", () => {
        if (!protocol.hasClose) lingering = setTimeout(() => streams.finish(channel), lingerMs);
      });
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
      } finally {
        clearTimeout(lingering);
      }
      input.resume();
    }),
  );
  connection.close(closeCodes.normal);
}
