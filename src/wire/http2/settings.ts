import { maxHeaderListBytes } from "./header-fields.js";
import { Http2Error } from "./http2-error.js";
import { defaultMaxFrameBytes, defaultWindowBytes, max31, settingIds } from "./protocol.js";
import { streamWindowBytes } from "./stream.js";

/** Until the peer has said otherwise; with more at once, one that takes fewer would refuse them. */
const maxStreamsAtFirst = 100;

/** What the peer has said of itself so far. */
export interface PeerSettings {
  headerTableBytes: number;
  maxConcurrentStreams: number;
  initialWindowBytes: number;
  maxFrameBytes: number;
}

export function defaultPeerSettings(): PeerSettings {
  return {
    headerTableBytes: 4096,
    maxConcurrentStreams: maxStreamsAtFirst,
    initialWindowBytes: defaultWindowBytes,
    maxFrameBytes: defaultMaxFrameBytes,
  };
}

/** Takes over what the payload of a SETTINGS frame says; settings that are not known are passed over. */
export function applySettings(settings: PeerSettings, payload: Buffer): void {
  if (payload.length % 6 !== 0) throw new Http2Error("FRAME_SIZE_ERROR", "A SETTINGS frame is cut short");
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case settingIds.headerTableSize:
        settings.headerTableBytes = value;
        break;
      case settingIds.enablePush:
        if (value !== 0) throw new Http2Error("PROTOCOL_ERROR", "A server asks a client to push");
        break;
      case settingIds.maxConcurrentStreams:
        settings.maxConcurrentStreams = value;
        break;
      case settingIds.initialWindowSize:
        if (value > max31)
          throw new Http2Error("FLOW_CONTROL_ERROR", `A window of ${value} bytes is too large`);
        settings.initialWindowBytes = value;
        break;
      case settingIds.maxFrameSize:
        if (value < defaultMaxFrameBytes || value >= 2 ** 24) {
          throw new Http2Error("PROTOCOL_ERROR", `Frames of ${value} bytes cannot be agreed on`);
        }
        settings.maxFrameBytes = value;
        break;
    }
  }
}

/** The payload of our own SETTINGS frame. */
export function ownSettings(): Buffer {
  const settings = [
    [settingIds.enablePush, 0],
    [settingIds.initialWindowSize, streamWindowBytes],
    [settingIds.maxHeaderListSize, maxHeaderListBytes],
  ] as const;
  const payload = Buffer.alloc(settings.length * 6);
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return payload;
}
