import { defineConfig } from 'tsup'
import { classNames } from '../../scripts/class-names.mjs'

export default defineConfig({
  entry: { index: 'src/index.ts' },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
  plugins: [classNames],
  // The paths of tsconfig.base.json begin at its folder: by them the types of other packages are
  // those of their sources, and no build waits for another one.
  dts: { compilerOptions: { baseUrl: '../..' } },
  removeNodeProtocol: false,
})
