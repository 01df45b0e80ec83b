/**
 * Acts that must happen once: placing an order, paying it, redeeming a code.
 *
 * An act is written down with its id before it is sent, and struck out when its outcome is known.  The same act again, after a lost
 * reply or a reload, goes out with the same id, so that it happens once; other content is another act with an id of its own.
 */
import { keep, load } from './storage'
import { uuid7 } from './uuid7'

export interface Intent {
  readonly id: string
  readonly content: string
}

const key = (act: string) => `intent.${act}`

/** Returns the id under which `content` is to be sent. */
export function intend(act: string, content: unknown): string {
  const said = JSON.stringify(content)
  const open = pending(act)
  if (open?.content === said) return open.id
  const id = uuid7()
  keep(key(act), { id, content: said } satisfies Intent)
  return id
}

/** Returns the act whose outcome is not known, if there is one. */
export const pending = (act: string): Intent | null => load<Intent | null>(key(act), null)

export const settle = (act: string): void => keep(key(act), null)
