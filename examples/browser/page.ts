import type { LogEvent } from '@goethe/core'
import { openExclusively } from './exclusive-log.js'

const topic = 'notes'
const status = element('#status', HTMLElement)
const form = element('form', HTMLFormElement)
const fieldset = element('fieldset', HTMLFieldSetElement)
const input = element('input', HTMLInputElement)
const list = element('ol', HTMLOListElement)
const encoder = new TextEncoder()

try {
  const log = await openExclusively('notes', () => {
    status.textContent = 'This log is open in another tab. Close that one to go on here.'
  })
  form.addEventListener('submit', (submitted) => {
    submitted.preventDefault()
    log.append(topic, encoder.encode(input.value)).catch(showError)
    form.reset()
  })
  fieldset.disabled = false
  status.textContent = 'Nothing here yet'

  // What is there, and then what comes.
  for await (const event of log.read(topic, { follow: true })) {
    list.prepend(itemOf(event))
    status.textContent = event.sequence === 1 ? '1 note' : `${event.sequence} notes`
  }
} catch (error) {
  showError(error)
}

function itemOf(event: LogEvent): HTMLLIElement {
  const sequence = document.createElement('span')
  sequence.className = 'sequence'
  sequence.textContent = `#${event.sequence}`
  const text = document.createElement('span')
  text.textContent = event.text()
  const time = document.createElement('time')
  time.dateTime = event.time.toISOString()
  time.textContent = event.time.toLocaleTimeString()
  const item = document.createElement('li')
  item.append(sequence, text, time)
  return item
}

function showError(error: unknown): void {
  status.textContent = error instanceof Error ? error.message : String(error)
}

function element<T extends Element>(selector: string, type: new () => T): T {
  const found = document.querySelector(selector)
  if (!(found instanceof type)) throw new Error(`The page has no ${selector}`)
  return found
}
