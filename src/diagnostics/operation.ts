import type { TracingChannel } from "node:diagnostics_channel";
import { isHeard, type OperationDiagnostics } from "./channels.js";
import type { OpenTelemetryApi, OtelAttributes } from "./open-telemetry.js";
import { Span } from "./span.js";

export interface OperationKind<Payload extends OperationDiagnostics> {
  readonly channel: TracingChannel<unknown, Payload>;
  readonly tracing: OpenTelemetryApi | undefined;
}

/** How an operation is told of. */
export interface Told<Payload> {
  readonly payload: Payload;
  readonly span: { readonly name: string; readonly attributes: OtelAttributes };
}

/** Work that lasts, told to the subscribers of its channel and to OpenTelemetry. */
export class Operation<Payload extends OperationDiagnostics> {
  readonly #channel: TracingChannel<unknown, Payload>;
  readonly #told: Told<Payload>;
  readonly #span: Span | undefined;
  #isOver = false;

  /** Undefined where nobody wants to know: then nothing more is to be done for it. */
  static begin<Payload extends OperationDiagnostics>(
    { channel, tracing }: OperationKind<Payload>,
    tell: () => Told<Payload>,
  ): Operation<Payload> | undefined {
    return tracing || isHeard(channel) ? new Operation(channel, tracing, tell()) : undefined;
  }

  private constructor(
    channel: TracingChannel<unknown, Payload>,
    tracing: OpenTelemetryApi | undefined,
    told: Told<Payload>,
  ) {
    this.#channel = channel;
    this.#told = told;
    this.#span = tracing && new Span(tracing, told.span.name, told.span.attributes);
  }

  get payload(): Payload {
    return this.#told.payload;
  }

  /** For the runtime. */
  get headers(): Record<string, string> {
    return this.#span?.headers ?? {};
  }

  addEvent(name: string, attributes: OtelAttributes): void {
    this.#span?.addEvent(name, attributes);
  }

  /** Begins the work. What it begins in turn becomes a part of it. */
  run<T>(work: () => T): T {
    const { start, end } = this.#channel;
    return start.runStores(this.payload, () => {
      try {
        return this.#span ? this.#span.run(work) : work();
      } finally {
        end.publish(this.payload);
      }
    });
  }

  /** Again, or after `fail`: nothing happens. */
  end(attributes?: OtelAttributes): void {
    if (this.#settle()) this.#span?.end(attributes);
  }

  /** After `end`: nothing happens. */
  fail(error: unknown, attributes?: OtelAttributes): void {
    if (this.#isOver) return;
    this.payload.error = error;
    this.#channel.error.publish(this.payload);
    this.#settle();
    this.#span?.fail(error, attributes);
  }

  /** In Node's order for what is settled later. */
  #settle(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#channel.asyncStart.publish(this.payload);
    this.#channel.asyncEnd.publish(this.payload);
    return true;
  }
}
