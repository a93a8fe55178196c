#!/usr/bin/env node
import { CriError } from "../errors.js";
import { parseFlags } from "./config/flags.js";
import { help } from "./config/help.js";
import { type ConfigSources, loadConfig } from "./config/load.js";
import { printConfig } from "./config/print.js";
import { createRuntime, purgeRuntime } from "./index.js";
import { packageVersion } from "./package-version.js";

/** As sysexits.h has it. */
const noPermissionCode = 77;

async function main(): Promise<number> {
  const command = parseFlags(process.argv.slice(2));
  switch (command.name) {
    case "help":
      process.stdout.write(help());
      return 0;
    case "version":
      process.stdout.write(`crikit-runtime ${packageVersion()}\n`);
      return 0;
    case "config":
      process.stdout.write(printConfig(await loadConfig(command.sources)));
      return 0;
    case "purge":
      return (await purgeRuntime((await loadConfig(command.sources)).config)) ? 0 : 1;
    case "serve":
      return serve(command.sources);
  }
}

async function serve(sources: ConfigSources): Promise<number> {
  // Who reads the log may go before the daemon does.
  process.stderr.on("error", () => {});
  process.stdout.on("error", () => {});
  const { config } = await loadConfig(sources);
  const runtime = createRuntime(config);
  const told = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  await runtime.listen();
  process.stdout.write(`crikit-runtime: listening on ${runtime.endpoint}\n`);
  await told;
  await runtime.close();
  return 0;
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
    // A call that does not end must not keep a daemon alive that has been told to go.
    setTimeout(() => process.exit(), 100).unref();
  },
  (error: unknown) => {
    const expected = error instanceof CriError;
    process.stderr.write(
      `crikit-runtime: ${expected ? error.message : error instanceof Error ? error.stack : error}\n`,
    );
    process.exit(expected && error.code === "permission_denied" ? noPermissionCode : 1);
  },
);
