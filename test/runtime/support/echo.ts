import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

import type { TestRuntime } from "./test-runtime.js";

type WithRuntime = Pick<TestRuntime, "runtime">;

export interface EchoServer extends AsyncDisposable {
  readonly port: number;
}

const server = `
const [name, port] = process.argv.slice(1);
const answer = (address) => name + " " + address.replace(/^::ffff:/, "");
require("node:net").createServer((socket) => socket.on("error", () => {}).end(answer(socket.remoteAddress)))
  .listen(Number(port), "::", () => {
    const udp = require("node:dgram").createSocket("udp6");
    udp.on("message", (_, { address, port }) => udp.send(answer(address), port, address));
    udp.bind(Number(port), "::", () => console.log("ready"));
  });
`;

const client = `
const [protocol, host, port, limit] = process.argv.slice(1);
const timer = setTimeout(() => fail("no answer"), Number(limit));
function fail(why) { console.log("failed: " + why); process.exit(); }
function done(text) { console.log(text); process.exit(); }
if (protocol === "tcp") {
  let text = "";
  const socket = require("node:net").connect({ host, port: Number(port) });
  socket.on("data", (data) => { text += data; }).on("end", () => done(text));
  socket.on("error", ({ code }) => fail(code));
} else {
  const socket = require("node:dgram").createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (data) => done(String(data))).on("error", ({ code }) => fail(code));
  socket.send("hello", Number(port), host);
}
`;

/** Where a program runs: in a network namespace by its file, or on the host. */
export type Place = string | undefined;

/** Answers by TCP and UDP on one port with its name and the address that it sees. */
export async function serveEcho(
  place: Place,
  { name, port = 8080 }: { name: string; port?: number },
): Promise<EchoServer> {
  const child = runNode(place, server, [name, `${port}`]);
  await once(child.stdout ?? child, "data");
  return {
    port,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export interface Question {
  /** Who asks; the host unless given. */
  from?: Place;
  host: string;
  port: number;
  protocol?: "tcp" | "udp";
  /** How long to wait for an answer; 3 s unless given. */
  limitMs?: number;
}

/** What a server answers, or `failed: WHY`. */
export async function ask(question: Question): Promise<string> {
  const { from, host, port, protocol = "tcp", limitMs = 3000 } = question;
  const child = runNode(from, client, [protocol, host, `${port}`, `${limitMs}`]);
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (data) => {
    text += data;
  });
  await once(child, "close");
  return text.trim();
}

/** The file of a pod's network namespace. */
export async function netnsOf({ runtime }: WithRuntime, podSandboxId: string): Promise<string> {
  const { info } = await runtime.podSandboxStatus({ podSandboxId, verbose: true });
  return JSON.parse(info.info ?? "").netns;
}

export async function ipOf({ runtime }: WithRuntime, podSandboxId: string): Promise<string> {
  return (await runtime.podSandboxStatus({ podSandboxId })).status?.network?.ip ?? "";
}

function runNode(place: Place, program: string, args: string[]): ChildProcess {
  const node = [process.execPath, "-e", program, ...args];
  const [file = "", ...rest] = place === undefined ? node : ["nsenter", `--net=${place}`, ...node];
  return spawn(file, rest, { stdio: ["ignore", "pipe", "inherit"] });
}
