import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { ContainerConfigSchema } from "../../../src/proto.js";
import { processArgs, processCwd, processEnv, processRlimits } from "../../../src/runtime/spec/process.js";

const image = { env: [], entrypoint: ["/entry", "-e"], cmd: ["of", "image"], workingDir: "" };

const argRows = [
  {
    what: "nothing: the image's entrypoint and cmd",
    command: [],
    args: [],
    runs: ["/entry", "-e", "of", "image"],
  },
  { what: "args: in place of the image's cmd", command: [], args: ["mine"], runs: ["/entry", "-e", "mine"] },
  { what: "command: in place of entrypoint and cmd", command: ["/own"], args: [], runs: ["/own"] },
  { what: "both: nothing of the image", command: ["/own"], args: ["mine"], runs: ["/own", "mine"] },
];

test.each(argRows)("`processArgs` given $what", ({ command, args, runs }) => {
  expect(processArgs(create(ContainerConfigSchema, { command, args }), image)).toEqual(runs);
});

test("`processArgs` runs args alone when the image names no entrypoint", () => {
  const config = create(ContainerConfigSchema, { args: ["/bin/true"] });
  expect(processArgs(config, { ...image, entrypoint: [] })).toEqual(["/bin/true"]);
});

test("`processEnv` sets TERM for a terminal, and lets the image and the request say otherwise", () => {
  const config = create(ContainerConfigSchema, { tty: true });
  expect(processEnv(config, image, "h")).toContain("TERM=xterm");
  expect(processEnv(config, { ...image, env: ["TERM=vt100", "PATH=/own", "HOSTNAME="] }, "h")).toEqual([
    "PATH=/own",
    "HOSTNAME=",
    "TERM=vt100",
  ]);
});

test("`processEnv` keeps an equals sign and an empty value", () => {
  const config = create(ContainerConfigSchema, {
    envs: [{ key: "A", value: new TextEncoder().encode("b=c") }, { key: "EMPTY" }],
  });
  expect(processEnv(config, image, "h")).toEqual(expect.arrayContaining(["A=b=c", "EMPTY="]));
});

const cwdRows = [
  { what: "the root without any", workingDir: "", ofImage: "", cwd: "/" },
  { what: "the image's", workingDir: "", ofImage: "/srv", cwd: "/srv" },
  { what: "the request's before the image's", workingDir: "/own", ofImage: "/srv", cwd: "/own" },
  { what: "an absolute path for a relative one", workingDir: "own/../x", ofImage: "", cwd: "/x" },
];

test.each(cwdRows)("`processCwd` is $what", ({ workingDir, ofImage, cwd }) => {
  const config = create(ContainerConfigSchema, { workingDir });
  expect(processCwd(config, { ...image, workingDir: ofImage })).toBe(cwd);
});

test("`processRlimits` stays below what the host can give", () => {
  expect(processRlimits(512)).toEqual([{ type: "RLIMIT_NOFILE", soft: 512, hard: 512 }]);
  expect(processRlimits(2 ** 30)).toEqual([{ type: "RLIMIT_NOFILE", soft: 1024, hard: 524_288 }]);
});
