/** Whole numbers up to 2^53 - 1 as 8 bytes, little-endian. */
const high = 2 ** 32

export function putNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % high, true)
  view.setUint32(at + 4, Math.floor(value / high), true)
}

/** Not a safe integer where the bytes are damaged. */
export function takeNumber(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * high
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
