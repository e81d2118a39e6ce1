import { setTimeout as pause } from 'node:timers/promises'

/**
 * Stands for something that takes its time and may fail. As a mail may be delivered twice (a worker
 * that dies behind sending it and before its ack), a real one would give it a Message-ID made of
 * the event's id.
 *
 * @param {unknown} mail
 */
export async function sendMail(mail) {
  const { to } = /** @type {{ to: string }} */ (mail)
  await pause(20)
  if (!to.includes('@')) throw new Error(`'${to}' is no address`)
}
