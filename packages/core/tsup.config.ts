import { defineConfig } from 'tsup'
import { classNames } from '../../scripts/class-names.mjs'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    contract: 'src/contract.ts',
    testing: 'src/testing.ts',
    conformance: 'conformance/index.ts',
  },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  clean: true,
  sourcemap: true,
  plugins: [classNames],
  // As a dependency typed-emitter would break the types of consumers with `nodenext`, and install
  // rxjs: its few lines of types go into our declarations instead.
  dts: { resolve: ['typed-emitter'] },
})
