// `npm run generate`: formats the proto files and generates code from them, after each change.
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { generate } = await import('./proto.mjs')
const { setUpTools } = await import('./set-up.mjs')
const { step } = await import('./step.mjs')

const reports = [await setUpTools()]
if (reports[0]?.result === 'ok') {
  reports.push(await step('generate', 'Generating code from the proto files', generate))
}
process.exitCode = reports.every(({ result }) => result === 'ok') ? 0 : 1
