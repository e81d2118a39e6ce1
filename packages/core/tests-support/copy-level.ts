import { MemoryLevel } from 'memory-level'

/** A store that is one copy of several, and asks somebody whether it has all that there is. */
export class CopyLevel extends MemoryLevel<Uint8Array, Uint8Array> {
  /** How often it had to ask. */
  questions = 0
  answer: () => Promise<unknown> = () => Promise.resolve()

  constructor() {
    super({ keyEncoding: 'view', valueEncoding: 'view' })
    Object.assign(this.supports, { confirm: true })
  }

  async confirm(): Promise<void> {
    this.questions++
    await this.answer()
  }
}
