import { describe, expect, it } from "vitest";

import { parseFlags } from "../../../src/runtime/config/flags.js";
import { help } from "../../../src/runtime/config/help.js";

describe("`parseFlags`", () => {
  it("serves, from the default file alone, when nothing is given", () => {
    expect(parseFlags([])).toEqual({ name: "serve", sources: { file: undefined, flags: {} } });
  });

  it("reads every flag that the help shows", () => {
    const paths =
      "--root /r --state /s --cni-conf-dir /n --registries-conf /c --signature-policy /g --seccomp-profile /p --config /f";
    const words =
      "--listen /run/x.sock --socket-group docker --bridge br7 --subnet 10.1.0.0/24 --default-handler crun --selinux label --log-level debug --log-format json";
    const many =
      "--cni-plugin-dir /a --cni-plugin-dir /b --insecure-registry h:1 --insecure-registry h:2 --cdi-spec-dir /d";
    const args = [paths, words, many].join(" ").split(" ");
    expect(parseFlags(args)).toEqual({
      name: "serve",
      sources: {
        file: "/f",
        flags: {
          listen: "/run/x.sock",
          socketGroup: "docker",
          root: "/r",
          state: "/s",
          bridge: "br7",
          subnet: "10.1.0.0/24",
          cniConfDir: "/n",
          cniPluginDirs: ["/a", "/b"],
          registriesConf: "/c",
          signaturePolicy: "/g",
          insecureRegistries: ["h:1", "h:2"],
          defaultHandler: "crun",
          seccompProfile: "/p",
          cdiSpecDirs: ["/d"],
          selinux: "label",
          logLevel: "debug",
          logFormat: "json",
        },
      },
    });
    const shown = [...help().matchAll(/^ {2}(--[a-z-]+)/gm)].map((match) => match[1]);
    expect(shown.filter((flag) => !args.includes(flag ?? ""))).toEqual(["--version", "--help"]);
  });

  it("takes a path from where the command is typed", () => {
    expect(parseFlags(["--root", "x", "--config", "y"])).toMatchObject({
      sources: { file: `${process.cwd()}/y`, flags: { root: `${process.cwd()}/x` } },
    });
  });

  it.each([
    [["purge", "--root", "/r"], "purge"],
    [["config"], "config"],
    [["--version"], "version"],
    [["purge", "--help"], "help"],
  ])("understands %j", (args, name) => {
    expect(parseFlags(args).name).toBe(name);
  });

  it.each([
    [["--nope"], "Unknown option '--nope': see crikit-runtime --help"],
    [["--lisen", "/x"], "Unknown option '--lisen': did you mean --listen?"],
    [["--root"], "--root"],
    [["--root", ""], "--root"],
    [["serve", "more"], '"more"'],
    [["erase"], '"erase"'],
    [["--log-level", "loud"], '--log-level: "loud" is none of debug, info, warn, error'],
  ])("refuses %j, saying %s", (args, named) => {
    expect(() => parseFlags(args)).toThrow(named);
    expect(() => parseFlags(args)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
