/**
 * Pages that are told of changes: server-sent events, read from a stream, for an EventSource sends no tokens.
 *
 * An event only says that something is new; `look` then asks for it as it does anyhow. A line that breaks goes on where it was, and is tried
 * at longer and longer intervals, at once when the phone is online again. Where there are no streams, as in a mini-program, it looks by the clock.
 */
import { HOUSE, headers } from '@/api'
import { events } from '@shared/live/events'

export const POLL_MS = 2500
const SILENCE_MS = 40_000 // the house says something every 15 s
const AGAIN_MS = { first: 500, most: 15_000 } as const
const streams = () => typeof fetch === 'function' && typeof ReadableStream === 'function'

/** Looks now and whenever `path` tells of something new, until what is returned is called. `look` tells what is wrong by itself. */
export function live(path: string, look: () => Promise<unknown>): () => void {
  if (!streams()) {
    void look()
    const timer = setInterval(() => void look(), POLL_MS)
    return () => clearInterval(timer)
  }
  let stopped = false
  let line = new AbortController()
  let wake = (): void => undefined
  const online = () => wake()
  globalThis.addEventListener?.('online', online)
  const looking = coalesced(look)

  async function listen(last: string, heard: (id: string) => void): Promise<'over' | 'ended'> {
    line = new AbortController()
    const resume: Record<string, string> = last ? { 'last-event-id': last } : {}
    const answer = await fetch(HOUSE + path, { headers: { ...headers(path), ...resume }, signal: line.signal, cache: 'no-store' })
    if (!answer.ok || !answer.body) throw new Error(String(answer.status))
    for await (const { id, kind } of events(answer.body, SILENCE_MS)) {
      if (stopped) break
      heard(id)
      if (kind) void looking()
      if (kind === 'over') return 'over'
    }
    return 'ended'
  }

  async function follow(): Promise<void> {
    let last = ''
    let wait: number = AGAIN_MS.first
    while (!stopped) {
      const heard = (id: string) => {
        last = id || last
        wait = AGAIN_MS.first
      }
      try {
        if ((await listen(last, heard)) === 'over') return
      } catch {
        if (!stopped) await looking() // tells what is wrong, and renews a sign-in that ran out
      } finally {
        line.abort()
      }
      if (stopped) return
      await new Promise<void>((done) => {
        const timer = setTimeout(done, wait * (0.5 + Math.random() / 2))
        wake = () => {
          clearTimeout(timer)
          done()
        }
      })
      wait = Math.min(wait * 2, AGAIN_MS.most)
    }
  }
  void looking()
  void follow()
  return () => {
    stopped = true
    line.abort()
    wake()
    globalThis.removeEventListener?.('online', online)
  }
}

/** Returns `act` such that it runs once at a time, and once more where it was asked for meanwhile. */
function coalesced(act: () => Promise<unknown>): () => Promise<void> {
  let running: Promise<void> | null = null
  let again = false
  const run = async (): Promise<void> => {
    do {
      again = false
      await act().catch(() => undefined) // `act` has told it
    } while (again)
  }
  return () => {
    again = running !== null
    return (running ??= run().finally(() => (running = null)))
  }
}
