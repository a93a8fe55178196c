let count = 0;

/** Does a step of a story, then prints what was done, how long it took and what came of it. */
export async function step<T>(
  title: string,
  work: () => Promise<T>,
  tell: (result: T) => string[] = () => [],
): Promise<T> {
  count += 1;
  const start = performance.now();
  const result = await work();
  const took = `${Math.round(performance.now() - start)} ms`;
  console.log(`${`${count}.`.padStart(3)} ${title.padEnd(56, " .")} ${took.padStart(8)}`);
  for (const line of tell(result)) console.log(`      ${line}`);
  return result;
}
