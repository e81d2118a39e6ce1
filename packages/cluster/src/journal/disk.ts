/**
 * What the journal needs of a disk: the files of one directory. It is an argument, so that tests
 * can cut the power, fill the disk or flip a bit.
 */

/** An open file. Positions and lengths are bytes. */
export interface DiskFile {
  size(): Promise<number>
  /** Up to `length` bytes; fewer where the file ends. */
  read(position: number, length: number): Promise<Uint8Array>
  /** Writes these one after the other, as one write. */
  write(position: number, parts: readonly Uint8Array[]): Promise<void>
  /** Cuts the file, or makes it longer with zeros. */
  truncate(length: number): Promise<void>
  /** Resolves when what was written, and the file's length, survive a loss of power. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** One directory. */
export interface Disk {
  /** The names of its files. */
  list(): Promise<string[]>
  /** Opens a file for reading and writing; makes an empty one with `create`. */
  open(name: string, create?: boolean): Promise<DiskFile>
  /** Gives a file another name, and takes the place of one that has it, in one step. */
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  /** Resolves when files that were made, renamed or removed stay so through a loss of power. */
  syncDirectory(): Promise<void>
}
