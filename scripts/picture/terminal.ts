const size = { column: 8.43, row: 20, font: 14, margin: 20, bar: 36 };
const colors = { back: "#0d1117", bar: "#161b22", plain: "#8b949e", step: "#e6edf3", prompt: "#3fb950" };

/** A terminal window in SVG, with a command and the lines that it printed; those that begin a step stand out. */
export function drawTerminal(command: string, lines: readonly string[]): string {
  const columns = Math.max(...lines.map((line) => line.length), command.length + 2);
  const width = Math.ceil(columns * size.column) + 2 * size.margin;
  const height = (lines.length + 1) * size.row + size.bar + size.margin;
  const drawn = lines.map((line, index) => text(index + 1, isStep(line) ? colors.step : colors.plain, line));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(`A terminal: ${command}`)}">
<rect width="${width}" height="${height}" rx="8" fill="${colors.back}"/>
<path d="M0 ${size.bar - 8}V8a8 8 0 0 1 8-8h${width - 16}a8 8 0 0 1 8 8v${size.bar - 16}z" fill="${colors.bar}"/>
<circle cx="20" cy="14" r="5" fill="#ff5f57"/><circle cx="38" cy="14" r="5" fill="#febc2e"/><circle cx="56" cy="14" r="5" fill="#28c840"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${size.font}">
${[text(0, colors.prompt, `$ ${command}`), ...drawn].join("\n")}
</g>
</svg>
`;
}

const isStep = (line: string) => /^ *\d+\. /.test(line) || line.endsWith(": ok");

/** `textLength` keeps the columns in line with any font; blanks at the start are a place, not text. */
function text(row: number, color: string, line: string): string {
  const indent = line.length - line.trimStart().length;
  const x = (size.margin + indent * size.column).toFixed(1);
  const y = size.bar + (row + 0.7) * size.row;
  const length = (line.trim().length * size.column).toFixed(1);
  return `<text x="${x}" y="${y}" fill="${color}" textLength="${length}" xml:space="preserve">${escaped(line.trim())}</text>`;
}

function escaped(line: string): string {
  return line.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
