import { defineConfig } from 'tsup'

// Built, not run by a loader: loaders wrap functions to keep their names, and that costs time in
// the very loops that are measured. The core is imported as built, as its users get it.
export default defineConfig({
  entry: ['src/main.ts', 'src/child.ts'],
  format: 'esm',
  target: 'node20',
  platform: 'node',
  clean: true,
  external: ['@goethe/core', 'classic-level'],
})
