import { defineConfig } from 'tsup'
import { classNames } from '../../scripts/class-names.mjs'

export default defineConfig({
  entry: { index: 'src/index.ts' },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
  plugins: [classNames],
  dts: true,
  removeNodeProtocol: false,
})
