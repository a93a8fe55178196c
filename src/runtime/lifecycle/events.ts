import { Broadcast } from "../../async/broadcast.js";
import { CriError, UnavailableError } from "../../errors.js";
import type { LifecycleDeps } from "../deps.js";
import type { ContainerRecord } from "../state/container-record.js";
import { isListed, type SandboxRecord } from "../state/sandbox-record.js";
import { byNewest, type Timestamp, timestampNow } from "../state/time.js";

export type EventType = "created" | "started" | "stopped" | "deleted";

/** What has happened to a container or a sandbox, with its pod just after. */
export interface LifecycleEvent {
  /** Of the container, or of the sandbox that it happened to. */
  id: string;
  type: EventType;
  at: Timestamp;
  /** Of a sandbox that was removed, its last record; undefined for what was left of a pod that is gone. */
  sandbox: SandboxRecord | undefined;
  /** All of the pod's, newest first. */
  containers: ContainerRecord[];
}

/** Several seconds of a busy node's events, and a few megabytes at most. */
const waitingAtMost = 1000;

/**
 * The events behind GetContainerEvents. They follow from what is written to the records, so that they tell what
 * use cases, exits and recovery do, and never what did not come to be.
 */
export class Events {
  readonly #deps: Pick<LifecycleDeps, "sandboxes" | "containers">;
  readonly #broadcast = new Broadcast<LifecycleEvent>({
    limit: waitingAtMost,
    tooSlow: () =>
      new CriError(
        "resource_exhausted",
        `The client reads its events too slowly, ${waitingAtMost} wait: ask for events anew, then list`,
      ),
  });

  constructor(deps: Pick<LifecycleDeps, "sandboxes" | "containers">) {
    this.#deps = deps;
    deps.sandboxes.observe((before, after) => {
      const types = changes(before && courseOfSandbox(before), after && courseOfSandbox(after));
      const sandbox = after ?? before;
      for (const type of types) if (sandbox) this.#publish(type, { id: sandbox.id, sandbox });
    });
    deps.containers.observe((before, after) => {
      const types = changes(before && courseOfContainer(before), after && courseOfContainer(after));
      const { id, sandboxId } = after ?? before ?? { id: "", sandboxId: "" };
      for (const type of types) this.#publish(type, { id, sandbox: deps.sandboxes.get(sandboxId) });
    });
  }

  /** The events from this call on. A client that falls too far behind is told so by an error. */
  subscribe(signal?: AbortSignal): AsyncIterable<LifecycleEvent> {
    return this.#broadcast.subscribe(signal);
  }

  close(): void {
    this.#broadcast.close(
      new UnavailableError("crikit-runtime was stopped: ask for events anew once it is back, then list"),
    );
  }

  #publish(type: EventType, { id, sandbox }: Pick<LifecycleEvent, "id" | "sandbox">): void {
    if (this.#broadcast.subscribers === 0) return;
    const containers = this.#deps.containers
      .list()
      .filter((record) => record.sandboxId === sandbox?.id && isListed(record))
      .sort(byNewest);
    this.#broadcast.publish({ id, type, at: timestampNow(), sandbox, containers });
  }
}

/** How far a container or sandbox has come. */
interface Course {
  step: string | undefined;
  hasStarted: boolean;
  hasEnded: boolean;
}

function courseOfSandbox({ step, pause, exitedAt }: SandboxRecord): Course {
  return { step, hasStarted: pause !== undefined, hasEnded: exitedAt !== undefined };
}

function courseOfContainer({ step, startedAt, finishedAt }: ContainerRecord): Course {
  return { step, hasStarted: startedAt !== undefined, hasEnded: finishedAt !== undefined };
}

/** What one write to a record tells, in the order it happened. */
function changes(before: Course | undefined, after: Course | undefined): EventType[] {
  const types: EventType[] = [];
  if (before?.step === "making" && after && after.step === undefined) types.push("created");
  if (!before?.hasStarted && after?.hasStarted) types.push("started");
  // What is removed by force ends without anybody having written its end.
  const wasEnded = after ? after.hasEnded : before?.hasStarted;
  if (!before?.hasEnded && wasEnded) types.push("stopped");
  if (!after) types.push("deleted");
  return types;
}
