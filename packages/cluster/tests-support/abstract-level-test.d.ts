/** abstract-level publishes its suite without types. */
declare module 'abstract-level/test/index.js' {
  export default function suite(options: {
    test: unknown
    factory: (options?: object) => object
  }): void
}
