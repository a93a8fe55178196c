import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfigFile } from "../../../src/runtime/config/file.js";
import { loadConfig } from "../../../src/runtime/config/load.js";
import { printConfig } from "../../../src/runtime/config/print.js";
import { allSettings } from "../../../src/runtime/config/settings.js";
import { defaultConfig, resolveConfig } from "../../../src/runtime/config.js";

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-config-"));
  file = join(directory, "config.yaml");
});

afterEach(() => rm(directory, { recursive: true }));

async function load(text: string, flags = {}) {
  await writeFile(file, text);
  return loadConfig({ file, flags });
}

describe("A configuration file", () => {
  it("lies over the defaults, and flags over it", async () => {
    const text = "# mine\nbridge: br1\nsubnet: 10.1.0.0/24\ninsecure-registries: [a:1, b]\n";
    const { config, file: read } = await load(text, { subnet: "10.2.0.0/24" });
    expect(read).toBe(file);
    const mine = { bridge: "br1", subnet: "10.2.0.0/24", insecureRegistries: ["a:1", "b"] };
    expect(config).toEqual({ ...defaultConfig, ...mine });
  });

  it.each(["", "# nothing yet\n", "---\n"])("may hold nothing: %j", async (text) => {
    expect((await load(text)).config).toEqual(resolveConfig());
  });

  it("names several handlers, whose features are the programs' own unless told", async () => {
    const { config } = await load(`
default-handler: crun
handlers:
  crun: { path: /usr/bin/crun, features: { recursive-read-only-mounts: true } }
  runsc:
    path: runsc
    args: [--platform=systrap]
    root: /run/runsc
`);
    expect(config.defaultHandler).toBe("crun");
    expect(config.handlers).toEqual({
      crun: {
        path: "/usr/bin/crun",
        args: [],
        features: { recursiveReadOnlyMounts: true, userNamespaces: undefined },
      },
      runsc: {
        path: "runsc",
        args: ["--platform=systrap"],
        root: "/run/runsc",
        features: { recursiveReadOnlyMounts: undefined, userNamespaces: undefined },
      },
    });
  });

  it.each([
    ["log-levle: debug", ":1: log-levle is no key: did you mean log-level?"],
    ["\nwhatever: 1", ":2: whatever is no key: the keys are listen, socket-group, root,"],
    ["cniConfDir: /x", ":1: cniConfDir is no key: did you mean cni-conf-dir?"],
    ["root: 7", ":1: root must be text, not number 7: put it in quotes"],
    ["root:", ":1: root must be text, not nothing"],
    ["bridge: br1\nroot: var/lib", ':2: root "var/lib" is not an absolute path: begin it with /'],
    ["cni-plugin-dirs: /opt", ":1: cni-plugin-dirs must be a list"],
    ["cni-plugin-dirs:\n  - /opt\n  - lib\n", ':3: cni-plugin-dirs.1 "lib" is not an absolute path'],
    ["log-level: loud", ':1: log-level "loud" is none of debug, info, warn, error'],
    ["handlers: [runc]", ":1: handlers must be a table of keys, not a list"],
    ["handlers:\n  runc: {path: runc}\n  kata:\n    args: [x]\n", ":3: handlers.kata has no path"],
    [
      "handlers:\n  kata: {path: kata, root: kata}\n",
      ':2: handlers.kata.root "kata" is not an absolute path',
    ],
    ["handlers:\n  kata:\n    path: bin/kata\n", ':3: handlers.kata.path "bin/kata" is neither'],
    ["handlers:\n  k:\n    path: k\n    arg: [x]\n", ":4: handlers.k.arg is no key here: did you mean args?"],
    [
      "handlers:\n  k:\n    path: k\n    features:\n      user-namespaces: yes\n",
      ":5: handlers.k.features.user-namespaces must be true or false, not string yes",
    ],
    ["handlers:\n  ../k: {path: k}\n", ':1: handlers: "../k" is not a name'],
    ["handlers:\n  kata: {path: kata}\n", ': default-handler: "runc" is not among the handlers (kata)'],
    ["\ndefault-handler: kata", ':2: default-handler: "kata" is not among the handlers (runc)'],
    ["subnet: 10.300.0.0/16", ':1: subnet: "10.300.0.0/16" is not a subnet'],
    ["bridge: a-name-that-is-too-long", ":1: bridge: "],
    ["listen: tcp://127.0.0.1:1", ":1: listen: "],
    [`listen: /${"x".repeat(120)}`, ":1: listen: "],
    ["root: /same\nstate: /same/../same\n", ":2: state: is the same directory as root"],
    ["root: /a\nroot: /b", ":2: Map keys must be unique"],
    ["root: /a\nstate: [", ":2: "],
    ["root: *other", ":1: "],
    ["- root", ":1: must hold lines of"],
    ["root", ":1: must hold lines of"],
  ])("is refused when it says %j, with file, line, key and mend", async (text, message) => {
    const loading = load(text);
    await expect(loading).rejects.toThrow(`${file}${message}`);
    await expect(loading).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("is not blamed for a wrong flag", async () => {
    await expect(load("subnet: 10.1.0.0/24", { subnet: "10" })).rejects.toThrow(/^--subnet: "10"/);
  });

  it("must be there when it is named, and be readable", async () => {
    const missing = loadConfig({ file, flags: {} });
    await expect(missing).rejects.toThrow(`Configuration file ${file} cannot be read: there is none`);
    await expect(loadConfig({ file: directory, flags: {} })).rejects.toThrow("EISDIR");
  });

  it("can be made of what `crikit-runtime config` prints", async () => {
    const first = await load(
      "handlers:\n  runc: {path: runc}\n  kata: {path: kata, args: [--x]}\nbridge: br9\n",
    );
    const again = parseConfigFile("printed", printConfig(first));
    expect(resolveConfig(again.values)).toEqual(first.config);
  });
});

describe("docs/runtime-config.md", () => {
  it("shows a file that can be used, with every key in it", async () => {
    const page = fileURLToPath(new URL("../../../docs/runtime-config.md", import.meta.url));
    const example = /```yaml\n([\s\S]*?)```/.exec(await readFile(page, "utf8"))?.[1] ?? "";
    const { values } = parseConfigFile("example", example);
    expect(Object.keys(values).sort()).toEqual(allSettings.map(([key]) => key).sort());
    expect(() => resolveConfig(values)).not.toThrow();
  });
});
