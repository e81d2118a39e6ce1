// Tables and bars for a terminal.

/** @param {number} value */
export function count(value) {
  return Math.round(value).toLocaleString('en-US')
}

/**
 * @param {string} title
 */
export function heading(title) {
  console.log(`\n${process.stdout.isTTY ? `\u001b[1m${title}\u001b[0m` : title}`)
}

/**
 * Two columns of names with numbers, in reading order from top to bottom.
 *
 * @param {readonly { name: string, value: number }[]} items
 */
export function printTable(items) {
  const names = Math.max(...items.map(({ name }) => name.length))
  const values = Math.max(...items.map(({ value }) => count(value).length))
  const cells = items.map(
    ({ name, value }) => `${name.padEnd(names)}  ${count(value).padStart(values)}`,
  )
  const columns = Math.max(1, Math.min(2, Math.floor((width() - 2) / (names + values + 6))))
  const rows = Math.ceil(cells.length / columns)
  for (let row = 0; row < rows; row++) {
    const line = Array.from({ length: columns }, (_, column) => cells[column * rows + row] ?? '')
    console.log(`  ${line.join('    ').trimEnd()}`)
  }
}

/**
 * A bar for each item, the longest as wide as the terminal.
 *
 * @param {readonly { name: string, value: number }[]} items
 */
export function printBars(items) {
  const names = Math.max(...items.map(({ name }) => name.length))
  const values = Math.max(...items.map(({ value }) => count(value).length))
  const most = Math.max(...items.map(({ value }) => value))
  const room = width() - names - values - 6
  for (const { name, value } of items) {
    const bar = drawBar((value / most) * room)
    console.log(`  ${name.padEnd(names)}  ${count(value).padStart(values)}  ${bar}`)
  }
}

/** @param {number} length in characters, drawn to an eighth of one */
function drawBar(length) {
  const eighths = Math.max(1, Math.round(length * 8))
  const rest = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]
  return '█'.repeat(Math.floor(eighths / 8)) + rest
}

function width() {
  return Math.min(process.stdout.columns ?? 80, 100)
}
