import { defineConfig } from 'tsup'

// Built, not run by a loader: loaders wrap functions to keep their names, and that costs time in
// the very loops that are measured. The packages are imported as built, as users get them.
export default defineConfig({
  entry: {
    main: 'src/main.ts',
    child: 'src/child.ts',
    'empty-service': 'server/empty-service.ts',
    'file-sender': 'cluster/file-sender.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  clean: true,
  external: [/^@goethe\//, 'classic-level'],
})
