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
  // rxjs: its few lines of types go into our declarations instead. The paths of
  // tsconfig.base.json begin at its folder: by them the types of other packages are those of their
  // sources, and no build waits for another one.
  dts: { resolve: ['typed-emitter'], compilerOptions: { baseUrl: '../..' } },
  removeNodeProtocol: false,
})
