/** What the doctor found out about one thing. */
export interface Finding {
  /** What was looked at: 'Node.js', 'free space'. */
  what: string
  state: 'good' | 'warning' | 'bad'
  /** What is so, as a sentence. */
  message: string
  /** What to do about it. */
  advice?: string
}

export function good(what: string, message: string): Finding {
  return { what, state: 'good', message }
}

export function warning(what: string, message: string, advice: string): Finding {
  return { what, state: 'warning', message, advice }
}

export function bad(what: string, message: string, advice: string): Finding {
  return { what, state: 'bad', message, advice }
}
