/** Over what the suite's exec, attach and port forwarding go. */
export const transports = ["SPDY", "WebSocket"] as const;
export type Transport = (typeof transports)[number];

export function transportFlags(transport: Transport): string[] {
  return transport === "SPDY" ? [] : ["-websocket-exec", "-websocket-attach", "-websocket-portforward"];
}
