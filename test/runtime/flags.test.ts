import { describe, expect, it } from "vitest";

import { resolveConfig } from "../../src/runtime/config.js";
import { parseFlags } from "../../src/runtime/flags.js";

describe("`parseFlags`", () => {
  it("serves with the defaults when nothing is given", () => {
    expect(parseFlags([])).toEqual({ name: "serve", config: resolveConfig() });
  });

  it("lays what is given over the defaults", () => {
    const flags =
      "--listen /run/x.sock --root /r --state /s --bridge br7 --subnet 10.1.0.0/24 --log-level debug";
    const many = "--cni-plugin-dir /a --cni-plugin-dir /b --insecure-registry h:1 --insecure-registry h:2";
    const command = parseFlags([...flags.split(" "), ...many.split(" ")]);
    expect(command).toMatchObject({
      config: {
        listen: "/run/x.sock",
        root: "/r",
        state: "/s",
        bridge: "br7",
        subnet: "10.1.0.0/24",
        logLevel: "debug",
        cniPluginDirs: ["/a", "/b"],
        insecureRegistries: ["h:1", "h:2"],
      },
    });
  });

  it.each([
    [["purge", "--root", "/r"], "purge"],
    [["--version"], "version"],
    [["purge", "--help"], "help"],
  ])("understands %j", (args, name) => {
    expect(parseFlags(args).name).toBe(name);
  });

  it.each([
    [["--nope"], "--nope"],
    [["--root"], "--root"],
    [["serve", "more"], '"more"'],
    [["erase"], '"erase"'],
    [["--log-level", "loud"], "--log-level"],
    [["--listen", "tcp://127.0.0.1:1"], "--listen"],
    [["--listen", `/${"x".repeat(120)}`], "--listen"],
    [["--bridge", "a-name-that-is-too-long"], "--bridge"],
    [["--subnet", "10.0.0.0"], "--subnet"],
    [["--root", "/same", "--state", "/same"], "--state"],
  ])("refuses %j, naming %s", (args, named) => {
    expect(() => parseFlags(args)).toThrow(named);
    expect(() => parseFlags(args)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
