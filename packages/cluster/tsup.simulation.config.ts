import { defineConfig } from 'tsup'

// Not published: beside what is, and with the core's sources in it, so that nothing else is built.
export default defineConfig({
  entry: { simulate: 'src/simulation/main.ts' },
  outDir: 'node_modules/.simulation',
  format: 'esm',
  target: 'node20.19',
  noExternal: [/^@goethe\//],
})
