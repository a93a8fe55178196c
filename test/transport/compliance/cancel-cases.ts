import { constants } from "node:http2";
import { ContainerEventResponseSchema, VersionResponseSchema } from "../../../src/proto.js";
import { holdClock } from "../../support/held-clock.js";
import { answer, answerTrailersOnly, envelope } from "../support/raw-server.js";
import { type ComplianceCase, collect, failure, outcome } from "./case.js";

const event = envelope(ContainerEventResponseSchema, { containerId: "a" });
const version = envelope(VersionResponseSchema, { runtimeName: "test" });

function timeoutHeader(timeoutMs: number | undefined, expected: string | undefined): ComplianceCase {
  return {
    name: `grpc-timeout of ${timeoutMs ?? "no"} ms`,
    async see({ serve, client }) {
      const server = await serve((stream) => answer(stream, { body: [version] }));
      // The time that the dial takes is part of a call's.
      using _clock = holdClock();
      await client().version({}, timeoutMs === undefined ? {} : { timeoutMs });
      const { headers } = await server.stream(0);
      return headers["grpc-timeout"];
    },
    expected,
  };
}

/** Deadlines and aborts. */
export const cancelCases: ComplianceCase[] = [
  timeoutHeader(undefined, undefined),
  timeoutHeader(0, undefined),
  timeoutHeader(1500, "1500m"),
  {
    name: "a deadline passes at the client, which resets the call",
    async see({ serve, client }) {
      const server = await serve(() => {});
      using clock = holdClock();
      const call = outcome(client().version({}, { timeoutMs: 50 }));
      const { closed } = await server.stream(0);
      await clock.pass(50);
      return [await call, await closed];
    },
    expected: ["deadline_exceeded", constants.NGHTTP2_CANCEL],
  },
  {
    name: "a deadline passes in the middle of a stream",
    async see({ serve, client }) {
      const server = await serve((stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(event);
      });
      const seen: string[] = [];
      using clock = holdClock();
      const reading = (async () => {
        const events = client().getContainerEvents({}, { timeoutMs: 200 });
        for await (const { containerId } of events) {
          seen.push(containerId);
          void clock.pass(200);
        }
      })();
      return [await outcome(reading), seen, await (await server.stream(0)).closed];
    },
    expected: ["deadline_exceeded", ["a"], constants.NGHTTP2_CANCEL],
  },
  {
    name: "a deadline passes at the server",
    async see({ serve, client }) {
      await serve((stream) => answerTrailersOnly(stream, { "grpc-status": "4" }));
      return outcome(client().version({}, { timeoutMs: 10_000 }));
    },
    expected: "deadline_exceeded",
  },
  {
    name: "an abort resets the call at once",
    async see({ serve, client }) {
      const controller = new AbortController();
      const server = await serve(() => {});
      using _clock = holdClock();
      const call = outcome(client().version({}, { signal: controller.signal }));
      const { closed } = await server.stream(0);
      controller.abort();
      return [await call, await closed];
    },
    expected: ["canceled", constants.NGHTTP2_CANCEL],
  },
  {
    name: "an abort in the middle of a stream resets it",
    async see({ serve, client }) {
      const controller = new AbortController();
      const server = await serve((stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(Buffer.concat([event, event, event]));
      });
      let seen = 0;
      const reading = (async () => {
        for await (const _ of client().getContainerEvents({}, { signal: controller.signal })) {
          seen += 1;
          controller.abort();
        }
      })();
      return [await outcome(reading), seen, await (await server.stream(0)).closed];
    },
    expected: ["canceled", 1, constants.NGHTTP2_CANCEL],
  },
  {
    name: "an aborted signal makes no request",
    async see({ serve, client }) {
      const server = await serve((stream) => answer(stream, { body: [version] }));
      const called = client();
      const aborted = AbortSignal.abort();
      const ended = [
        await outcome(called.version({}, { signal: aborted })),
        await outcome(collect(called.getContainerEvents({}, { signal: aborted }))),
      ];
      await called.version({});
      return [...ended, server.streams.length];
    },
    expected: ["canceled", "canceled", 1],
  },
  {
    name: "the cause of a canceled call is the signal's reason",
    async see({ serve, client }) {
      const reason = new Error("enough");
      await serve(() => {});
      const controller = new AbortController();
      const call = failure(client().version({}, { signal: controller.signal }));
      controller.abort(reason);
      return (await call).cause === reason;
    },
    expected: true,
  },
  {
    name: "listeners are taken off the signal",
    async see({ serve, client }) {
      await serve((stream, headers) =>
        answer(stream, { body: [headers[":path"]?.endsWith("/Version") ? version : event] }),
      );
      const { signal } = new AbortController();
      let listeners = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners += 1;
        add(...args);
      };
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners -= 1;
        remove(...args);
      };
      const called = client();
      await called.version({}, { signal });
      await collect(called.getContainerEvents({}, { signal }));
      return listeners;
    },
    expected: 0,
  },
  ...Object.entries({
    NGHTTP2_INTERNAL_ERROR: "internal",
    NGHTTP2_REFUSED_STREAM: "unavailable",
    NGHTTP2_CANCEL: "canceled",
    NGHTTP2_ENHANCE_YOUR_CALM: "resource_exhausted",
    NGHTTP2_INADEQUATE_SECURITY: "permission_denied",
  } as const).map(
    ([name, expected]): ComplianceCase => ({
      name: `the server resets the call with ${name}`,
      async see({ serve, client }) {
        await serve((stream) => stream.close(constants[name as keyof typeof constants] as number));
        return outcome(client().version({}));
      },
      expected,
    }),
  ),
];
