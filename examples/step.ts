const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => interruption.abort(new Error(`Interrupted by ${name}`)));
}

/** Aborted by Ctrl-C: the story ends at the next step and cleans up. */
export const interrupted = interruption.signal;

let count = 0;

/** Does a step of a story, then prints what was done, how long it took and what came of it. */
export async function step<T>(
  title: string,
  work: () => Promise<T>,
  tell: (result: T) => string[] = () => [],
): Promise<T> {
  interrupted.throwIfAborted();
  count += 1;
  const start = performance.now();
  const result = await work();
  const took = `${Math.round(performance.now() - start)} ms`;
  console.log(`${`${count}.`.padStart(3)} ${title.padEnd(56, " .")} ${took.padStart(8)}`);
  for (const line of tell(result)) console.log(`      ${line}`);
  return result;
}
