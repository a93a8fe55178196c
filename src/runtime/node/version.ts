import { create } from "@bufbuild/protobuf";

import { type VersionResponse, VersionResponseSchema } from "../../proto.js";
import { packageVersion } from "../package-version.js";

/** The version of the request and answer itself, which has not changed since kubelet first asked. */
const kubeletApiVersion = "0.1.0";

const runtimeVersion = packageVersion();

export function version(): VersionResponse {
  return create(VersionResponseSchema, {
    version: kubeletApiVersion,
    runtimeName: "crikit",
    runtimeVersion,
    runtimeApiVersion: "v1",
  });
}
