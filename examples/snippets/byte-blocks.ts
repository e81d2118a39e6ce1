/** The blocks of bytes by their names, in hexadecimal, without what is said about them. */
export function blocksOf(text: string): [name: string, bytes: string][] {
  return [...text.matchAll(/^```bytes ([^\n]+)\n(.*?)^```$/gms)].map(
    ([, name = '', lines = '']) => {
      const bytes = lines.split('\n').map((line) => line.split(/ {2,}/)[0] ?? '')
      return [name, bytes.join('').replaceAll(' ', '')]
    },
  )
}
