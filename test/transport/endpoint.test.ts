import { expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/errors.js";
import { parseEndpoint } from "../../src/transport/endpoint.js";

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
  ["npipe:////./pipe/containerd", "CRI is served on one only"],
  ["unix://run/x.sock", "unix:///run/x.sock"],
  ["./run/x.sock", "unix:///run/x.sock"],
  ["run/x.sock", "unix:///run/x.sock"],
  ["", "no absolute path"],
  [`/${"x".repeat(107)}`, "has 108 bytes, a unix socket takes 107"],
])("`parseEndpoint` refuses %s and says what to write", (text, mend) => {
  expect(() => parseEndpoint(text)).toThrow(InvalidArgumentError);
  expect(() => parseEndpoint(text)).toThrow(mend);
});
