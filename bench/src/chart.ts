import type { Comparison, Outcome } from './compare'
import { median } from './statistics'

const width = 900
const margin = 24
const labelWidth = 230
const valueWidth = 120
const titleHeight = 34
const barHeight = 16
const barGap = 2
const rowGap = 6
const panelGap = 18
const barWidthMax = width - 2 * margin - labelWidth - valueWidth

const style = `
  svg { background: #fff; font: 13px system-ui, sans-serif }
  text { fill: #222 } .title { font-weight: 600 } .value { fill: #555 }
  .ours { fill: #2f6f4f } .theirs { fill: #9aa5ad } .second { opacity: 0.55 }
  @media (prefers-color-scheme: dark) {
    svg { background: #16191c } text { fill: #e4e6e8 } .value { fill: #a4abb0 }
    .ours { fill: #58b383 } .theirs { fill: #66717a }
  }`

/** All scenarios as an SVG image: a panel for each, in it a bar for each contestant. */
export function chart(comparisons: readonly Comparison[]): string {
  let y = margin
  const panels = comparisons.map((comparison) => {
    const { svg, height } = panel(comparison, y)
    y += height + panelGap
    return svg
  })
  const height = y - panelGap + margin
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`
  return [head, `<style>${style}\n</style>`, ...panels, '</svg>', ''].join('\n')
}

function panel({ scenario, outcomes }: Comparison, top: number) {
  const { charted, title, unit } = scenario
  const measured = outcomes.map((outcome) => ({ outcome, values: valuesOf(outcome, charted) }))
  const max = Math.max(0, ...measured.flatMap(({ values }) => values))
  const what = charted?.join(', ') ?? unit
  const lines = [text('title', margin, top + 14, `${title} (${what})`)]
  let y = top + titleHeight
  for (const { outcome, values } of measured) {
    lines.push(...row(outcome, values, max, y))
    y += Math.max(1, values.length) * (barHeight + barGap) - barGap + rowGap
  }
  return { svg: lines.join('\n'), height: y - rowGap - top }
}

/** None for who could not be measured. */
function valuesOf({ samples }: Outcome, charted: readonly string[] | undefined): number[] {
  if (samples.length === 0) return []
  if (charted === undefined) return [median(samples.map(({ rate }) => rate))]
  return charted.map((name) => median(samples.map(({ metrics }) => metrics![name]!)))
}

function row({ contestant }: Outcome, values: readonly number[], max: number, top: number) {
  const left = margin + labelWidth
  const baseline = barHeight - 4
  const lines = [text('label', margin, top + baseline, contestant)]
  if (values.length === 0) lines.push(text('value', left, top + baseline, 'not measured'))
  values.forEach((value, index) => {
    const y = top + index * (barHeight + barGap)
    const length = Math.max(1, Math.round((value / max) * barWidthMax))
    const kind = contestant.startsWith('Goethe') ? 'ours' : 'theirs'
    const kinds = index === 0 ? kind : `${kind} second`
    const box = `x="${left}" y="${y}" width="${length}" height="${barHeight}"`
    lines.push(`<rect class="${kinds}" ${box} rx="2"/>`)
    lines.push(text('value', left + length + 8, y + baseline, grouped(value)))
  })
  return lines
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${escaped(content)}</text>`
}

const grouped = (value: number) => Math.round(value).toLocaleString('en-US')

const escaped = (content: string) =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
