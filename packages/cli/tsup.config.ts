import { defineConfig } from 'tsup'
import { classNames } from '../../scripts/class-names.mjs'

// A command, not a library: src/main.ts starts with `#!/usr/bin/env node`, which tsup keeps, and
// nobody imports it, so no declarations.
export default defineConfig({
  entry: { main: 'src/main.ts' },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
  plugins: [classNames],
  removeNodeProtocol: false,
})
