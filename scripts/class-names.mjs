/**
 * For tsup: gives classes back the names that esbuild takes from those that name themselves. It turns
 * `class EventLog`, where a method says `new EventLog()`, into `var EventLog = class _EventLog`, and
 * stack traces and `console.log` then speak of `_EventLog`. Its own remedy, `keepNames`, calls a
 * function wherever a function is made, also where that is done for each event.
 *
 * @type {NonNullable<import('tsup').Options['plugins']>[number]}
 */
export const classNames = {
  name: 'class-names',
  renderChunk(code, { type }) {
    return type === 'chunk' ? { code: withClassNames(code) } : undefined
  },
}

/**
 * The code of a module, in which each class has the name of the variable that holds it.
 *
 * @param {string} code
 */
export function withClassNames(code) {
  const declarations = code.matchAll(/^var (\w+) = class (_\1)\b/gm)
  const names = new Map([...declarations].map(([, name, changed]) => [changed, name]))
  // A space for the underscore, so that source maps stay as they are.
  return code.replaceAll(/(?<![\w$.'"`#])_\w+\b(?!['"`:])/g, (word) => {
    const name = names.get(word)
    return name === undefined ? word : ` ${name}`
  })
}
