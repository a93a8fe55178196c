import { once } from "node:events";
import type { Socket } from "node:net";

import { abortable } from "../../async/abort.js";
import { CriError, UnavailableError } from "../../errors.js";
import { AnswerReader, type UpgradeAnswer } from "./answer.js";
import { type DialOptions, dial } from "./dial.js";
import { ReadMemory } from "./read-memory.js";

export interface UpgradeOptions extends DialOptions {
  method: "GET" | "POST";
  protocol: "SPDY/3.1" | "websocket";
  headers: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

export interface Upgraded {
  /** Paused: it goes on when somebody resumes it. */
  readonly socket: Socket;
  /** What came with the answer already. */
  readonly head: Buffer;
  readonly headers: ReadonlyMap<string, string>;
  /** What the socket is read into. */
  readonly memory: ReadMemory;
}

/** The server has answered, but not with a change of protocols. */
export class UpgradeRefused extends CriError {
  readonly statusCode: number;

  constructor(statusCode: number, body: string) {
    const said = body.trim().slice(0, 200);
    super(
      "unavailable",
      `The streaming server refused the session: HTTP ${statusCode}${said && `, ${said}`}`,
    );
    this.name = "UpgradeRefused";
    this.statusCode = statusCode;
  }
}

/** Asks the server at a streaming URL to change protocols, and hands over the connection when it does. */
export async function upgrade(url: URL, options: UpgradeOptions): Promise<Upgraded> {
  options.signal?.throwIfAborted();
  const memory = new ReadMemory();
  const socket = await dial(url, memory, options);
  try {
    const answer = await abortable(ask(socket, url, options), options.signal);
    if ("statusCode" in answer) throw new UpgradeRefused(answer.statusCode, answer.said);
    return { socket, head: answer.rest, headers: answer.headers, memory };
  } catch (error) {
    socket.on("error", () => {}).destroy();
    throw error;
  }
}

async function ask(socket: Socket, url: URL, options: UpgradeOptions): Promise<UpgradeAnswer> {
  try {
    const answering = readAnswer(socket, options.protocol);
    // What is secret in the URL is for the right server alone.
    const ready = once(socket, url.protocol === "https:" ? "secureConnect" : "connect");
    ready.then(
      () => socket.write(requestHead(url, options)),
      () => {},
    );
    return await answering;
  } catch (error) {
    throw unreachable(url, error as Error);
  }
}

/** By hand: `node:http` costs the first session 8 ms of processor, and does not let go of what it reads. */
function requestHead(url: URL, { method, protocol, headers }: UpgradeOptions): string {
  const fields = {
    host: url.host,
    connection: "Upgrade",
    upgrade: protocol,
    ...headers,
    ...(method === "POST" && { "content-length": "0" }),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

function readAnswer(socket: Socket, protocol: string): Promise<UpgradeAnswer> {
  const reader = new AnswerReader(protocol);
  return new Promise((resolve, reject) => {
    const settle = (result: () => void) => {
      socket.pause().off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onError);
      result();
    };
    const tryTo = (read: () => UpgradeAnswer | undefined, otherwise?: Error) => {
      try {
        const answer = read();
        if (answer) settle(() => resolve(answer));
        else if (otherwise) settle(() => reject(otherwise));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onData = (bytes: Buffer) => tryTo(() => reader.read(bytes));
    const onEnd = () => tryTo(() => reader.end(), new Error("it has hung up"));
    const onError = (error: Error) => tryTo(() => reader.end(), error);
    socket.on("data", onData).once("end", onEnd).once("close", onEnd).once("error", onError);
  });
}

function unreachable(url: URL, cause: Error): UnavailableError {
  // Loopback is the node's, and every pod's own.
  const isOwn = /^(127\.|localhost$|\[::1\]$)/.test(url.hostname);
  const hint = isOwn ? ": in a pod, run with hostNetwork" : "";
  return new UnavailableError(
    `The streaming server at ${url.host} cannot be reached: ${cause.message}${hint}`,
    { cause },
  );
}
