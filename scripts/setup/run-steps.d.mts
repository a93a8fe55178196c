/** What a task counts for `.ci/run`. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

export function writeCount(task: string, count: Count): void;
