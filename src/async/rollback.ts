interface Step {
  description: string;
  undo: () => Promise<unknown> | unknown;
}

/** What failed while undoing; `failures` is in the order tried. */
export interface RollbackFailure {
  description: string;
  error: unknown;
}

/**
 * Collects how to undo what was made, and undoes it in reverse order when the body fails. A failing step
 * does not stop the others. Node 20 has no `AsyncDisposableStack`.
 */
export class Rollback {
  /** Those of one stage do not need each other. */
  readonly #stages: Step[][] = [];

  /** Remembers how to undo the step that was just done, or is about to be tried. */
  add(description: string, undo: Step["undo"]): void {
    this.addTogether({ description, undo });
  }

  /** Remembers steps that do not need each other: they are undone at the same time. */
  addTogether(...steps: Step[]): void {
    this.#stages.push(steps);
  }

  /** Undoes everything, last first; resolves to the steps that failed, never rejects. */
  async run(): Promise<RollbackFailure[]> {
    const failures: RollbackFailure[] = [];
    for (let stage = this.#stages.pop(); stage; stage = this.#stages.pop()) {
      const outcomes = await Promise.all(stage.map(attempt));
      failures.push(...outcomes.filter((failure) => failure !== undefined));
    }
    return failures;
  }
}

async function attempt({ description, undo }: Step): Promise<RollbackFailure | undefined> {
  try {
    await undo();
    return undefined;
  } catch (error) {
    return { description, error };
  }
}

/**
 * Runs `body`; when it throws, undoes what the body has added and throws the body's error. Steps that could
 * not be undone are told to `onFailure`, so that they stay visible.
 */
export async function withRollback<T>(
  body: (rollback: Rollback) => Promise<T>,
  onFailure: (failures: RollbackFailure[]) => void,
): Promise<T> {
  const rollback = new Rollback();
  try {
    return await body(rollback);
  } catch (error) {
    const failures = await rollback.run();
    if (failures.length > 0) onFailure(failures);
    throw error;
  }
}
