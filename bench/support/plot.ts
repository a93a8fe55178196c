const left = 500;
const unit = 220;
const rowHeight = 26;
const widest = 2.5;
const colours = { reached: "#2e7d4f", missed: "#c2632f", none: "#6b7280" };

/** One comparison, as `results.json` has it. */
interface Compared {
  readonly what: string;
  readonly peer: string;
  readonly ratio: number;
  readonly goal: number | null;
}

/** The ratios as bars, each with the line of its goal: what ends before the line has reached it. */
export function plot(title: string, rows: readonly Compared[]): string {
  const width = left + widest * unit + 60;
  const height = 40 + rows.length * rowHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}: crikit's number over the peer's, lower is better</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${left}" y="20" fill="#374151">crikit's over the peer's; the dark line is the goal</text>`,
    ...rows.map((row, index) => bar(row, 32 + index * rowHeight)),
    "</svg>\n",
  ].join("\n");
}

function bar({ what, peer, ratio, goal }: Compared, top: number): string {
  const length = Math.min(ratio, widest) * unit;
  const colour = goal === null ? colours.none : ratio <= goal ? colours.reached : colours.missed;
  const middle = top + 14;
  const goalAt = left + Math.min(goal ?? 0, widest) * unit;
  const numberAt = Math.max(left + length, goalAt) + 6;
  return [
    `<text x="${left - 8}" y="${middle}" text-anchor="end" fill="#111827">${escaped(`${what} / ${peer}`)}</text>`,
    `<rect x="${left}" y="${top}" width="${length}" height="18" fill="${colour}"/>`,
    `<text x="${numberAt}" y="${middle}" fill="#374151">${ratio}</text>`,
    goal === null ? "" : `<rect x="${goalAt - 1}" y="${top - 3}" width="2" height="24" fill="#111827"/>`,
  ].join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
