/** `2019`, `2019-05`, `2019-05-03`, `2019-05-03T12:30`, with seconds, fractions and a zone. */
const pattern =
  /^\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|[+-]\d\d:?\d\d))?)?)?)?$/i

/**
 * A date in ISO 8601. It is UTC where it names no zone: the runtime would take the one of its machine,
 * which whoever wrote the date may not know. Undefined for what is none.
 */
export function dateOfText(text: string): Date | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const isDay = match[3] === undefined
  const hasZone = match[7] !== undefined
  const iso = text.replace(' ', 'T').replace(' ', '')
  const date = new Date(isDay || hasZone ? iso : `${iso}Z`)
  return Number.isNaN(date.getTime()) ? undefined : date
}
