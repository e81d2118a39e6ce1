import { defineConfig } from 'tsup'
import { classNames } from '../../scripts/class-names.mjs'

export default defineConfig({
  entry: { index: 'src/index.ts' },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
  plugins: [classNames],
  // As a dependency typed-emitter would break the types of consumers with `nodenext`, and install
  // rxjs: its few lines of types go into our declarations instead.
  dts: { resolve: ['typed-emitter'] },
  removeNodeProtocol: false,
})
