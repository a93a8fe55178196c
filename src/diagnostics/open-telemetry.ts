/** A context of OpenTelemetry, which is handed around and not looked into. */
export interface OtelContext {
  /** As `Context` of the API has it. */
  getValue(key: symbol): unknown;
}

/** What is said of a span beside its name. */
export type OtelAttributes = Record<string, string | number | boolean | undefined>;

/** As much as crikit asks of a span of OpenTelemetry. */
export interface OtelSpan {
  /** What is known later than at its begin. */
  setAttribute(key: string, value: string | number | boolean): unknown;
  /** A moment in it: a retry. */
  addEvent(name: string, attributes?: OtelAttributes): unknown;
  /** That it has failed. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** By which error it has failed: its name and message, no stack and no cause. */
  recordException(exception: { name: string; message: string }): void;
  /** Ends it, once. */
  end(): void;
}

/**
 * What crikit uses of the package `@opentelemetry/api`, whose module is one of these. Said here in its own words, so
 * that the types of crikit can be read where that package is not installed.
 */
export interface OpenTelemetryApi {
  /** Makes spans, with the tracer `crikit`. */
  readonly trace: {
    getTracer(name: string): {
      startSpan(name: string, options: { kind: number; attributes: OtelAttributes }): OtelSpan;
    };
    setSpan(context: OtelContext, span: OtelSpan): OtelContext;
  };
  /** Knows which span is the parent of what begins. */
  readonly context: {
    active(): OtelContext;
    with<T>(context: OtelContext, work: () => T): T;
  };
  /** Writes the trace context into the metadata of a call. */
  readonly propagation: { inject(context: OtelContext, carrier: Record<string, string>): void };
  /** All spans of crikit are of the kind `CLIENT`. */
  readonly SpanKind: { readonly CLIENT: number };
  /** A span without an error keeps the status `UNSET`. */
  readonly SpanStatusCode: { readonly ERROR: number };
}

let found: Promise<OpenTelemetryApi | undefined> | undefined;

/** The package, where it is installed; looked for once. A client without spans is better than none: never rejects. */
export function findOpenTelemetry(): Promise<OpenTelemetryApi | undefined> {
  found ??= importApi();
  return found;
}

async function importApi(): Promise<OpenTelemetryApi | undefined> {
  try {
    return await import("@opentelemetry/api");
  } catch {
    return undefined;
  }
}
