import type { OpenTelemetryApi } from "../diagnostics/open-telemetry.js";
import type { VersionResponse } from "../proto.js";
import type { ImageClient } from "../services/image-client.js";
import type { ListReader } from "../services/list.js";
import type { RuntimeClient } from "../services/runtime-client.js";
import type { SessionOpener } from "../sessions/open-session.js";

/** What every handle has of its client. */
export interface ApiContext {
  readonly endpoint: string;
  /** What the runtime said of itself when the client connected. */
  readonly version: VersionResponse;
  /** Where spans go; undefined where there are none. */
  readonly tracing: OpenTelemetryApi | undefined;
  readonly runtime: RuntimeClient;
  readonly image: ImageClient;
  readonly lists: ListReader;
  readonly logRoot: string;
  /** Where the root directory of the runtime's host is found. */
  readonly hostRoot: string;
  readonly sessions: SessionOpener;
}
