import type { Duplex } from "node:stream";

/** Changes protocols on a connection that asked for it. */
export function switchProtocols(socket: Duplex, headers: Readonly<Record<string, string>>): void {
  socket.write(head("101 Switching Protocols", { connection: "Upgrade", ...headers }));
}

/** Refuses a connection that asked for a change of protocols. */
export function refuse(
  socket: Duplex,
  status: string,
  { body = "", headers = {} }: { body?: string; headers?: Readonly<Record<string, string>> } = {},
): void {
  const length = String(Buffer.byteLength(body));
  socket.end(`${head(status, { connection: "close", "content-length": length, ...headers })}${body}`);
}

function head(status: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status}`, ...lines, "", ""].join("\r\n");
}
