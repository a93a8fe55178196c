import { CriError } from "../errors.js";
import type { OpenTelemetryApi, OtelAttributes, OtelContext, OtelSpan } from "./open-telemetry.js";

/** A span of OpenTelemetry, child of what is active where it begins. */
export class Span {
  readonly #api: OpenTelemetryApi;
  readonly #span: OtelSpan;
  readonly #context: OtelContext;

  constructor(api: OpenTelemetryApi, name: string, attributes: OtelAttributes) {
    this.#api = api;
    this.#span = api.trace.getTracer("crikit").startSpan(name, { kind: api.SpanKind.CLIENT, attributes });
    this.#context = api.trace.setSpan(api.context.active(), this.#span);
  }

  /** What begins in the work becomes a part of this. */
  run<T>(work: () => T): T {
    return this.#api.context.with(this.#context, work);
  }

  /** What tells the runtime which span its own belong to: with OpenTelemetry's defaults W3C's `traceparent`. */
  get headers(): Record<string, string> {
    const carrier: Record<string, string> = {};
    this.#api.propagation.inject(this.#context, carrier);
    return carrier;
  }

  addEvent(name: string, attributes: OtelAttributes): void {
    this.#span.addEvent(name, attributes);
  }

  end(attributes: OtelAttributes = {}): void {
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined) this.#span.setAttribute(key, value);
    }
    this.#span.end();
  }

  /** An error that is not crikit's own is the reason of the caller's abort: no failure, and nobody's to tell. */
  fail(error: unknown, attributes: OtelAttributes = {}): void {
    const { code, message, name } = error instanceof CriError ? error : aborted;
    this.#span.setAttribute("error.type", code);
    if (error instanceof CriError) {
      this.#span.recordException({ name, message });
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message });
    }
    this.end(attributes);
  }
}

const aborted = { code: "aborted", name: "", message: "" };
