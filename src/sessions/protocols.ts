/**
 * What only an open session needs, with Node's zlib behind it. A module of its own, so that it is loaded with the first
 * session, and never by a program that opens none.
 */
export { openPortConnection } from "./port-connection.js";
export { Session } from "./session.js";
export { openSpdyChannels } from "./spdy-channels.js";
export { UpgradeRefused } from "./upgrade/upgrade.js";
