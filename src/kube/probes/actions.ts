import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Container } from "../../api/container.js";
import { CriError, DeadlineError } from "../../errors.js";
import type { ReadPort } from "../manifest/schema/container.js";
import type { ReadHttpGet } from "../manifest/schema/probe.js";

export interface ActionOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** What a probe or a hook reaches a container by. */
export interface ActionTarget {
  readonly container: Container;
  readonly ports: readonly ReadPort[];
  /** The pod's address; undefined where it has none. */
  readonly ip: string | undefined;
}

/** Each action throws an error that says why it has failed. */
export async function execAction(
  { container }: ActionTarget,
  command: readonly string[],
  options: ActionOptions,
): Promise<void> {
  const { exitCode, stdout, stderr } = await container.exec(command, options);
  if (exitCode === 0) return;
  const said = `${stdout}${stderr}`.trim().slice(0, 1024);
  throw failed(`${command[0]} ended with ${exitCode}${said ? `: ${said}` : ""}`);
}

export async function tcpAction(
  target: ActionTarget,
  { port, host }: { readonly port: number | string; readonly host?: string | undefined },
  { signal, timeoutMs }: ActionOptions,
): Promise<void> {
  const address = addressOf(target, port, host);
  const socket = connect({ ...address, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
  try {
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(`${address.host}:${address.port}`, cause, timeoutMs);
  } finally {
    socket.destroy();
  }
}

/** Follows redirects on the same host, as kubelet does; one to another host is a success. */
export async function httpAction(
  target: ActionTarget,
  action: ReadHttpGet,
  { signal, timeoutMs }: ActionOptions,
): Promise<void> {
  const { host, port } = addressOf(target, action.port, action.host);
  const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let url = new URL(action.path, `${action.scheme.toLowerCase()}://${authority}`);
  for (let redirects = 0; redirects < 10; redirects++) {
    const { status, location } = await get(url, action, limit).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw unreachable(url.href, cause, timeoutMs);
    });
    if (status < 200 || status >= 400) throw failed(`${url.href} answered with ${status}`);
    const next = status >= 300 && location ? new URL(location, url) : undefined;
    if (next?.hostname !== url.hostname) return;
    url = next;
  }
  throw failed(`${url.href} answered with more than ten redirects`);
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

async function get(url: URL, { httpHeaders }: ReadHttpGet, signal: AbortSignal): Promise<Answer> {
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  const own = { "user-agent": "crikit-probe", accept: "*/*", connection: "close", ...headers };
  // As kubelet: who answers is known by the address, and the certificate is not looked at.
  const options = { headers: own, signal, rejectUnauthorized: false };
  const start = url.protocol === "https:" ? httpsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    start(url, options).once("response", resolve).once("error", reject).end();
  });
  response.on("error", () => {}).destroy();
  return { status: response.statusCode ?? 0, location: response.headers.location };
}

export function addressOf({ ports, ip }: ActionTarget, port: number | string, host: string | undefined) {
  const named = ports.find(({ name }) => name === port)?.containerPort;
  const address = host ?? ip;
  if (address === undefined) throw failed("the pod has no address");
  return { host: address, port: named ?? Number(port) };
}

export function unreachable(what: string, cause: unknown, timeoutMs: number): CriError {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  if (error.name === "TimeoutError" || error.name === "AbortError") {
    return new DeadlineError(`${what} did not answer within ${timeoutMs} ms`, { cause });
  }
  return new CriError("unavailable", `${what} cannot be reached: ${error.message}`, { cause });
}

export function failed(message: string): CriError {
  return new CriError("failed_precondition", message);
}
