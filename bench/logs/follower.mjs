// Follows a container's log to the line that says "end": node follower.mjs ENDPOINT CONTAINER. Says on stdout "ready"
// at the first line, then in JSON what became of the others, each of which begins with its number. Each lag is the
// longest within a tenth of a second.
import { connect } from "crikit";

const [endpoint, id] = process.argv.slice(2);
const cri = await connect(endpoint);
const lags = [];
let next = 0;
// A line that comes again counts as well.
let lost = 0;
let longest = 0;
let since = Date.now();
let earlyMemory = 0;
const peakMemory = () => process.resourceUsage().maxRSS / 1000;
const now = () => performance.timeOrigin + performance.now();
for await (const { text, timeNs } of cri.containers.get(id).logs({ follow: true })) {
  if (text === "end") break;
  if (text === "begin") {
    console.log("ready");
    continue;
  }
  const number = Number.parseInt(text, 10);
  lost += Math.abs(number - next);
  next = number + 1;
  if (number % 100 !== 0) continue;
  longest = Math.max(longest, now() - Number(timeNs / 1000n) / 1000);
  if (Date.now() - since < 100) continue;
  lags.push(longest);
  longest = 0;
  since = Date.now();
  if (lags.length === 20) earlyMemory = peakMemory();
}
await cri.close();
console.log(JSON.stringify({ lines: next, lost, lags, earlyMemory, peakMemory: peakMemory() }));
