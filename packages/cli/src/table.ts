import type { Colors } from './output.js'

/** A column of a table: its title, and the cell of a row. */
export interface Column<Row> {
  title: string
  cell(row: Row): string
  /** Numbers stand at the right. */
  right?: boolean
}

/** The lines of a table with a heading, each column as wide as it needs to be. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  colors: Colors,
): string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)))
  const widths = columns.map(({ title }, index) =>
    cells.reduce((width, line) => Math.max(width, widthOf(line[index]!)), widthOf(title)),
  )
  const draw = (line: readonly string[]): string =>
    line
      .map((text, index) => {
        const padding = ' '.repeat(widths[index]! - widthOf(text))
        return columns[index]!.right ? padding + text : text + padding
      })
      .join('  ')
      .trimEnd()
  return [colors.bold(draw(columns.map(({ title }) => title))), ...cells.map(draw)]
}

/** Lines of names and values, the values below each other. */
export function fieldLines(fields: readonly (readonly [string, string])[]): string[] {
  const width = fields.reduce((most, [name]) => Math.max(most, name.length), 0)
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

const segmenter = new Intl.Segmenter()
const wide = /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hangul}|[\u3000-\u30ff\uff01-\uff60]/u

/** Columns that a terminal needs for a text. */
function widthOf(text: string): number {
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}
