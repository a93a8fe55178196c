import { randomInt } from "node:crypto";
import { type Transport, transports } from "./transport.js";

/** Of a variable that makes no sense; says what would. */
export class OptionError extends Error {}

/** What the environment asks for. */
export interface Options {
  /** A runtime that runs already, in place of the bundled one. */
  readonly endpoint: string | undefined;
  /** Where the registry listens; a free port unless told. */
  readonly registryPort: number | undefined;
  readonly transports: readonly Transport[];
  /** How often each transport has its run. */
  readonly repeat: number;
  /** Of the next run: a new one each time, unless one was given. */
  nextSeed(): number;
}

const largestSeed = 2 ** 31 - 1;

/** Throws an `OptionError`. */
export function readOptions(env: NodeJS.ProcessEnv): Options {
  const seed = wholeNumber(env, "SEED", largestSeed);
  const transport = transports.find((name) => name === env.TRANSPORT);
  if (env.TRANSPORT && transport === undefined) {
    throw new OptionError(
      `TRANSPORT is ${env.TRANSPORT}: give one of ${transports.join(", ")}, or none for both`,
    );
  }
  return {
    endpoint: env.ENDPOINT || undefined,
    registryPort: wholeNumber(env, "REGISTRY_PORT", 65_535),
    transports: transport === undefined ? transports : [transport],
    repeat: wholeNumber(env, "REPEAT", 1000) ?? 1,
    nextSeed: () => seed ?? randomInt(1, largestSeed),
  };
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, largest: number): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= largest) return value;
  throw new OptionError(`${name} is ${text}: give a whole number from 1 to ${largest}`);
}
