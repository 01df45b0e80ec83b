import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { listen, Refused, type Asking, type Caller, type Live } from '@/api/client'
import { events } from '@shared/live/events'
import { faultOf, type Fault } from './fault'
import { net } from './net'

/** Which stream is listened to, by whom. */
export interface Wanted {
  readonly path: Live
  readonly at?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly as: Caller
}

/** What a stream shows; `parts` is null until it has shown something. */
export interface Shows {
  readonly parts: ShallowRef<ReadonlyMap<string, unknown> | null>
  /** Whether what is shown may be old: the line is gone, and is looked for. */
  readonly lost: Ref<boolean>
  /** Why it shows nothing any more, where the server said no. */
  readonly fault: ShallowRef<Fault | null>
  /** Whether the right to it has ended, such as a seating that was closed. */
  readonly over: Ref<boolean>
  /** Gives the parts whose names begin so, in the order in which they came. */
  list<T>(prefix: string): ComputedRef<readonly T[]>
  again(): void
}

const SILENCE_MS = 40_000 // the server says something every 15 s
const AGAIN_MS = { first: 500, most: 15_000 } as const
const LATER = new Set([408, 425, 429]) // refusals that a later try may not meet

/**
 * Shows a stream of the server (`…/live`) while the caller's scope lives, and another one when `wanted` changes. After a broken line it goes
 * on with what it missed, waiting longer from try to try, and at once when the house answers again.
 */
export function useLive(wanted: () => Wanted | null, heard: (parts: ReadonlyMap<string, unknown>, before: ReadonlyMap<string, unknown> | null) => void = () => undefined): Shows {
  const parts = shallowRef<ReadonlyMap<string, unknown> | null>(null)
  const fault = shallowRef<Fault | null>(null)
  const lost = ref(false)
  const over = ref(false)
  let stop = new AbortController()
  let line = new AbortController()
  let wake = (): void => undefined

  async function follow(asked: Wanted, signal: AbortSignal): Promise<void> {
    let lastId = ''
    let wait: number = AGAIN_MS.first
    while (!signal.aborted && !over.value) {
      line = new AbortController()
      try {
        const stream = await listen(asked.path, { ...asking(asked), signal: AbortSignal.any([signal, line.signal]) }, lastId)
        for await (const each of events(stream, SILENCE_MS)) {
          if (signal.aborted) return
          lost.value = false
          wait = AGAIN_MS.first
          if (each.kind === 'over') over.value = true
          else if (each.kind) take(each.kind, each.data)
          lastId = each.id || lastId
        }
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof Refused && error.problem.status < 500 && !LATER.has(error.problem.status)) {
          fault.value = faultOf(error)
          return
        }
        lost.value = true
      } finally {
        line.abort()
      }
      await rest(wait * (0.5 + Math.random() / 2), signal)
      wait = Math.min(wait * 2, AGAIN_MS.most)
    }
  }

  function take(kind: string, data: string): void {
    const { set, gone } = JSON.parse(data) as { set: Record<string, unknown>; gone: readonly string[] }
    const before = parts.value
    const now = new Map(kind === 'state' ? [] : (before ?? []))
    for (const [name, value] of Object.entries(set)) now.set(name, value)
    gone.forEach((name) => now.delete(name))
    parts.value = now
    fault.value = null
    heard(now, before)
  }

  function rest(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
      const timer = window.setTimeout(done, ms)
      wake = () => {
        clearTimeout(timer)
        done()
      }
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  function begin(): void {
    stop.abort()
    stop = new AbortController()
    fault.value = null
    lost.value = false
    over.value = false
    const asked = wanted()
    if (asked) void follow(asked, stop.signal)
  }

  watch(() => JSON.stringify(wanted()), () => {
    parts.value = null
    begin()
  })
  watch(() => net.down, (down) => {
    if (down) line.abort() // nobody knows whether it is alive; what it missed is asked for
    else wake()
  })
  begin()
  onScopeDispose(() => stop.abort())

  function list<T>(prefix: string): ComputedRef<readonly T[]> {
    return computed(() => [...(parts.value ?? [])].filter(([name]) => name.startsWith(prefix)).map(([, part]) => part as T))
  }
  return { parts, lost, fault, over, list, again: begin }
}

/** The paths of streams differ in what they ask for; the caller names it by the path's own names. */
function asking(asked: Wanted): Asking<never> {
  return { at: asked.at, query: asked.query, as: asked.as } as unknown as Asking<never>
}
