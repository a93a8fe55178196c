import { chmod, chown, lstat, mkdir, rename, rm, stat } from "node:fs/promises";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import { connect } from "node:net";
import { dirname } from "node:path";

import { CriError, UnavailableError } from "../../errors.js";
import type { Router } from "../../wire/grpc-server/rpcs.js";
import { serveGrpc } from "../../wire/grpc-server/serve.js";
import { endLostClients } from "./lost-clients.js";

export interface Listening {
  /**
   * Takes no more calls and removes the socket. Calls under way have half a second to end; then they are
   * aborted and answered `unavailable`. After another four seconds what is left of them is cut off. Idempotent.
   */
  close(): Promise<void>;
}

const maxMessageBytes = 16 * 1024 * 1024;
/** Long enough for what takes a moment, such as the start of a container. */
const settleMs = 500;
const stoppedMessage = "crikit-runtime was stopped while the call was under way: call again once it is back";
/** For undoing what is half made. */
const undoMs = 4000;

export interface ListenOptions {
  /** The group that may open the socket besides its owner. */
  gid?: number | undefined;
}

/**
 * Serves gRPC on a unix socket that only its owner, and a group if one is given, may open. The socket appears under its name when it
 * already answers. Throws when a live daemon has the name; a dead one's socket is replaced.
 */
export async function listen(
  path: string,
  routes: (router: Router) => void,
  { gid }: ListenOptions = {},
): Promise<Listening> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await checkFree(path);
  const stopping = new AbortController();
  const server = createGrpcServer(routes, stopping.signal);
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  const temporary = temporaryName(path);
  await rm(temporary, { force: true });
  await bind(server, temporary);
  const endLooking = endLostClients(server);
  let ino: number;
  try {
    if (gid !== undefined) await chown(temporary, process.getuid?.() ?? 0, gid);
    await chmod(temporary, gid === undefined ? 0o600 : 0o660);
    ({ ino } = await stat(temporary));
    await rename(temporary, path);
  } catch (error) {
    endLooking();
    // Removes the socket as well.
    server.close();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    close() {
      endLooking();
      closed ??= close(server, sessions, stopping).then(() => removeOwn(path, ino));
      return closed;
    },
  };
}

function createGrpcServer(routes: (router: Router) => void, shutdownSignal: AbortSignal): Http2Server {
  const server = createServer({
    // In MB, for all that one client has under way at once; Node's own limit is ten.
    maxSessionMemory: 256,
    settings: { initialWindowSize: 1024 * 1024 },
  });
  serveGrpc(server, routes, { maxMessageBytes, shutdownSignal });
  return server;
}

/** Not longer than the name itself, which may be as long as a socket's may be. */
function temporaryName(path: string): string {
  return `${path.slice(0, -1)}${path.endsWith("~") ? "+" : "~"}`;
}

function bind(server: Http2Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function checkFree(path: string): Promise<void> {
  const existing = await lstat(path).catch(() => undefined);
  if (!existing) return;
  if (!existing.isSocket()) {
    throw new CriError("already_exists", `${path} exists and is not a socket: choose another --listen`);
  }
  if (await answers(path)) {
    throw new CriError("already_exists", `Another daemon serves ${path}: stop it or choose another --listen`);
  }
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}

async function close(
  server: Http2Server,
  sessions: Set<ServerHttp2Session>,
  stopping: AbortController,
): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  // Sends GOAWAY; the session stays until its calls are through.
  for (const session of sessions) session.close();
  const timers = [
    setTimeout(() => stopping.abort(new UnavailableError(stoppedMessage)), settleMs),
    setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, settleMs + undoMs),
  ];
  await ended;
  for (const timer of timers) clearTimeout(timer);
}

/** Another daemon may have taken the name in the meantime. */
async function removeOwn(path: string, inode: number): Promise<void> {
  const now = await stat(path).catch(() => undefined);
  if (now?.ino === inode) await rm(path, { force: true });
}
