import type { Duplex } from "node:stream";

import type { Commands } from "./commands.js";
import type { Events } from "./events.js";
import type { Images } from "./images.js";
import type { FakeState } from "./state.js";

/** Serves a connection to a pod's port; resolves when it is through. */
export type PortHandler = (stream: Duplex, target: { podId: string; port: number }) => Promise<void> | void;

/** What the RPCs of the fake runtime share. */
export interface FakeDeps {
  readonly state: FakeState;
  readonly events: Events;
  readonly images: Images;
  /** Commands that containers run by themselves. */
  readonly runs: Commands;
  /** Commands that are run in containers. */
  readonly execs: Commands;
  readonly ports: Map<number, PortHandler>;
}
