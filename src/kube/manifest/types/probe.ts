import type { OneOf, PortRef } from "./common.js";

/** Exactly one of these. */
interface Handler {
  exec?: ExecAction | undefined;
  httpGet?: HttpGetAction | undefined;
}

/** A question that is asked of a container again and again. */
export interface Probe extends Handler {
  tcpSocket?: { port: PortRef; host?: string | undefined } | undefined;
  /** gRPC's health service, in plain HTTP/2 at the pod's address; of the server as a whole unless told. */
  grpc?: { port?: number | undefined; service?: string | undefined } | undefined;
  /** 0 unless told. */
  initialDelaySeconds?: number | undefined;
  /** 10 unless told. */
  periodSeconds?: number | undefined;
  /** 1 unless told. */
  timeoutSeconds?: number | undefined;
  /** 1 unless told. */
  successThreshold?: number | undefined;
  /** 3 unless told. */
  failureThreshold?: number | undefined;
  /** The pod's unless told; not for readiness. */
  terminationGracePeriodSeconds?: number | undefined;
}

/** A command that is run in the container. */
export interface ExecAction {
  command?: string[] | undefined;
}

/** A request that is sent to the container. */
export interface HttpGetAction {
  port: PortRef;
  /** `/` unless told. */
  path?: string | undefined;
  /** The pod's address unless told. */
  host?: string | undefined;
  /** `HTTP` unless told. Certificates are not checked. */
  scheme?: OneOf<"HTTP" | "HTTPS"> | undefined;
  httpHeaders?: { name: string; value: string }[] | undefined;
}

/** What is done after a start or before a stop. */
export interface LifecycleHandler extends Handler {
  sleep?: { seconds: number } | undefined;
}

/** What is done after a start and before a stop. */
export interface Lifecycle {
  /** Run when the container has started; if it fails, the container is killed. */
  postStart?: LifecycleHandler | undefined;
  /** Run before the container is stopped, within its grace period. */
  preStop?: LifecycleHandler | undefined;
}
