/**
 * Integers of fixed length in bytes. A DataView does the same, but where the array is a short one,
 * such as a key or a small record, making the view moves its bytes out of the heap of V8, which costs
 * more than all else that is done with them.
 */

/** Eight bytes, those of the lowest value last: they sort as the numbers do. */
export function putUint64BigEndian(bytes: Uint8Array, at: number, value: bigint): void {
  let high = Number(value >> 32n)
  let low = Number(value & 0xffff_ffffn)
  for (let index = 3; index >= 0; index--) {
    bytes[at + index] = high
    bytes[at + 4 + index] = low
    high >>>= 8
    low >>>= 8
  }
}

export function uint64BigEndian(bytes: Uint8Array, at: number): bigint {
  let high = 0
  let low = 0
  for (let index = 0; index < 4; index++) {
    high = high * 0x100 + bytes[at + index]!
    low = low * 0x100 + bytes[at + 4 + index]!
  }
  return (BigInt(high) << 32n) | BigInt(low)
}

/** Eight bytes, those of the lowest value first. */
export function putUint64LittleEndian(bytes: Uint8Array, at: number, value: bigint): void {
  putUint32LittleEndian(bytes, at, Number(value & 0xffff_ffffn))
  putUint32LittleEndian(bytes, at + 4, Number(value >> 32n))
}

export function uint64LittleEndian(bytes: Uint8Array, at: number): bigint {
  const high = uint32LittleEndian(bytes, at + 4)
  return (BigInt(high) << 32n) | BigInt(uint32LittleEndian(bytes, at))
}

export function putUint32LittleEndian(bytes: Uint8Array, at: number, value: number): void {
  for (let index = 0; index < 4; index++) {
    bytes[at + index] = value
    value >>>= 8
  }
}

export function uint32LittleEndian(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let index = 3; index >= 0; index--) value = value * 0x100 + bytes[at + index]!
  return value
}
