import type {
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { CallOptions } from "./call-options.js";

/** One method per RPC of a service, each with the RPC's name and comment. */
export type ServiceClient<Service extends DescService> = {
  [Rpc in keyof Service["method"]]: ServiceMethod<Service["method"][Rpc]>;
};

type ServiceMethod<Method> =
  Method extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageInitShape<Input>, options?: CallOptions) => Promise<MessageShape<Output>>
    : Method extends DescMethodServerStreaming<infer Input, infer Output>
      ? (request: MessageInitShape<Input>, options?: CallOptions) => AsyncIterable<MessageShape<Output>>
      : never;

export interface ServiceOptions {
  /**
   * The deadline of calls that say none themselves, in milliseconds, in place of each RPC's default; 0 for
   * none. Streams and PullImage have no deadline unless a call says one.
   */
  timeoutMs?: number | undefined;
}
