import type { ExecAction, HttpGetAction, Lifecycle, LifecycleHandler, Probe } from "../types/probe.js";
import type { Output, RulesOf } from "./rule.js";
import { checked, exactlyOne, list, object, optional, withDefault } from "./structures.js";
import { absolutePath, filled, integer, oneOf, portRef, text } from "./values.js";

const exec = object({
  command: checked(list(text), ({ length }) => (length === 0 ? "is empty" : undefined)),
} satisfies RulesOf<ExecAction>);

const httpGet = object({
  port: portRef,
  path: withDefault(absolutePath, "/"),
  host: optional(filled),
  scheme: withDefault(oneOf("HTTP", "HTTPS"), "HTTP"),
  httpHeaders: list(object({ name: filled, value: text })),
} satisfies RulesOf<HttpGetAction>);

const tcpSocket = object({ port: portRef, host: optional(filled) } satisfies RulesOf<
  NonNullable<Probe["tcpSocket"]>
>);

const grpc = object({
  port: integer(1, 65_535),
  service: withDefault(text, ""),
} satisfies RulesOf<NonNullable<Probe["grpc"]>>);

export const probe = exactlyOne(
  object({
    exec: optional(exec),
    httpGet: optional(httpGet),
    tcpSocket: optional(tcpSocket),
    grpc: optional(grpc),
    initialDelaySeconds: withDefault(integer(0), 0),
    periodSeconds: withDefault(integer(1), 10),
    timeoutSeconds: withDefault(integer(1), 1),
    successThreshold: withDefault(integer(1), 1),
    failureThreshold: withDefault(integer(1), 3),
    terminationGracePeriodSeconds: optional(integer(1)),
  } satisfies RulesOf<Probe>),
  ["exec", "httpGet", "tcpSocket", "grpc"],
);

/** Of liveness and startup: one success is enough, and a failure ends the container. */
export const killingProbe = checked(probe, ({ successThreshold }) =>
  successThreshold === 1 ? undefined : "must have a successThreshold of 1",
);

export const readinessProbe = checked(probe, ({ terminationGracePeriodSeconds }) =>
  terminationGracePeriodSeconds === undefined
    ? undefined
    : "may not have a terminationGracePeriodSeconds, as it ends nothing",
);

const handler = exactlyOne(
  object(
    {
      exec: optional(exec),
      httpGet: optional(httpGet),
      sleep: optional(object({ seconds: integer(0) })),
    } satisfies RulesOf<LifecycleHandler>,
    { tcpSocket: "no hook does this, not in kubelet either" },
  ),
  ["exec", "httpGet", "sleep"],
);

export const lifecycle = object({
  postStart: optional(handler),
  preStop: optional(handler),
} satisfies RulesOf<Lifecycle>);

export type ReadProbe = Output<typeof probe>;
export type ReadHook = Output<typeof handler>;
export type ReadGrpc = Output<typeof grpc>;
export type ReadHttpGet = Output<typeof httpGet>;
