import { expect, test } from "vitest";
import { defaultCrictlConfigPath } from "../../src/api/crictl-config.js";
import { knownEndpointsOn } from "../../src/api/known-endpoints.js";
import { InvalidArgumentError } from "../../src/errors.js";
import { parseEndpoint, parseEndpointOn } from "../../src/transport/endpoint.js";

test.each([
  ["unix:///run/x.sock", "/run/x.sock"],
  ["unix:/run/x.sock", "/run/x.sock"],
  ["/run/x.sock", "/run/x.sock"],
  ["UNIX:///run/x.sock", "/run/x.sock"],
  ["unix:////run//x.sock", "/run/x.sock"],
  ["/run/with space.sock", "/run/with space.sock"],
])("`parseEndpoint` reads %s", (text, path) => {
  expect(parseEndpoint(text)).toEqual({ address: `unix://${path}`, path });
});

test.each([
  ["tcp://127.0.0.1:1234", "CRI is served on one only"],
  ["http://localhost/", "CRI is served on one only"],
  ["npipe:////./pipe/containerd", "is a named pipe of Windows"],
  ["\\\\.\\pipe\\containerd", "is a named pipe of Windows"],
  ["./pipe/containerd", "unix:///pipe/containerd"],
  ["unix://run/x.sock", "unix:///run/x.sock"],
  ["./run/x.sock", "unix:///run/x.sock"],
  ["run/x.sock", "unix:///run/x.sock"],
  ["", "no absolute path"],
  [`/${"x".repeat(107)}`, "has 108 bytes, a unix socket takes 107"],
])("`parseEndpoint` refuses %s and says what to write", (text, mend) => {
  expect(() => parseEndpoint(text)).toThrow(InvalidArgumentError);
  expect(() => parseEndpoint(text)).toThrow(mend);
});

test.each([
  "npipe:////./pipe/containerd-containerd",
  "npipe://./pipe/containerd-containerd",
  "npipe:\\\\.\\pipe\\containerd-containerd",
  "NPIPE:////./pipe/containerd-containerd",
  "//./pipe/containerd-containerd",
  "\\\\.\\pipe\\containerd-containerd",
])("on Windows `parseEndpoint` reads %s into what node:net takes", (text) => {
  expect(parseEndpointOn("win32", text)).toEqual({
    address: "npipe:////./pipe/containerd-containerd",
    path: "\\\\.\\pipe\\containerd-containerd",
  });
});

test.each([
  "unix:///run/x.sock",
  "C:\\run\\x.sock",
  "tcp://127.0.0.1:1234",
  "npipe:////server/pipe/x",
  "npipe:////./pipe/",
  "",
])("on Windows `parseEndpoint` refuses %s and says what to write", (text) => {
  expect(() => parseEndpointOn("win32", text)).toThrow(InvalidArgumentError);
  expect(() => parseEndpointOn("win32", text)).toThrow("npipe:////./pipe/NAME");
});

test.each(["linux", "win32"] as const)("the known endpoints of %s can be read there", (platform) => {
  const addresses = knownEndpointsOn(platform).map(({ address }) => address);
  expect(addresses.map((address) => parseEndpointOn(platform, address).address)).toEqual(addresses);
  expect(addresses.join()).toContain("containerd");
});

test("crictl's configuration is looked for where crictl for the system has it", () => {
  const env = { USERPROFILE: "C:\\Users\\me" };
  expect(defaultCrictlConfigPath("win32", env)).toBe("C:\\Users\\me\\.crictl\\crictl.yaml");
  expect(defaultCrictlConfigPath("linux", {})).toBe("/etc/crictl.yaml");
});
