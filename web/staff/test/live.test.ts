import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import { carry } from '@/api/client'
import { events } from '@shared/live/events'
import { useLive, type Shows } from '@/lib/live'
import { net } from '@/lib/net'

/** A line to a house: what the test says comes down it, until the test or the screen hangs up. */
class Line {
  body: ReadableStream<Uint8Array>
  lastId: string
  private out!: ReadableStreamDefaultController<Uint8Array>

  constructor(readonly path: string, init: RequestInit) {
    this.lastId = (init.headers as Record<string, string>)['last-event-id'] ?? ''
    this.body = new ReadableStream({ start: (out) => void (this.out = out) })
    init.signal?.addEventListener('abort', () => this.cut())
  }

  says(text: string): void {
    this.out.enqueue(new TextEncoder().encode(text))
  }

  hangsUp(): void {
    this.out.close()
  }

  cut(): void {
    try {
      this.out.error(new TypeError('cut'))
    } catch {
      /* over already */
    }
  }
}

const STATE = 'id: 4\nevent: state\ndata: {"set":{"no/1":{"no":1},"no/2":{"no":2}},"gone":[]}\n\n'
const CHANGE = 'id: 5\nevent: change\ndata: {"set":{"no/3":{"no":3}},"gone":["no/1"]}\n\n'
let lines: Line[] = []
let answer: (path: string, init: RequestInit) => Response
let scope = effectScope()
const store = ref('s1')

function open(): Shows {
  return scope.run(() => useLive(() => ({ path: '/v1/stores/{store_id}/pickups/live', at: { store_id: store.value }, as: 'nobody' })))!
}
const numbers = (of: Shows): unknown[] => of.list<{ no: number }>('no/').value.map((each) => each.no)
const soon = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  lines = []
  scope = effectScope()
  store.value = 's1'
  net.heard()
  carry({ token: async () => 't', ended: () => undefined })
  answer = (path, init) => {
    lines.push(new Line(path, init))
    return new Response(lines.at(-1)!.body, { status: 200 })
  }
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => (path.startsWith('/health') ? new Response('{}', { status: 500 }) : answer(path, init)))
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

describe('events', () => {
  it('reads them however they are cut on the way', async () => {
    const text = new TextEncoder().encode(': still here\n\n' + 'id: 7\nevent: change\ndata: {"红":1}\n\n')
    const body = new ReadableStream<Uint8Array>({
      start(out) {
        for (const byte of text) out.enqueue(new Uint8Array([byte]))
        out.close()
      },
    })
    const heard = []
    for await (const each of events(body, 1_000)) heard.push(each)
    expect(heard).toEqual([{ id: '', kind: '', data: '' }, { id: '7', kind: 'change', data: '{"红":1}' }])
  })
})

describe('a live screen', () => {
  it('shows what there is, and what changes', async () => {
    const shows = open()
    await soon()
    lines[0]!.says(STATE)
    await soon()
    expect(numbers(shows)).toEqual([1, 2])
    lines[0]!.says(CHANGE)
    await soon()
    expect(numbers(shows)).toEqual([2, 3])
  })

  it('goes on after a line that was cut, from what it heard last', async () => {
    const shows = open()
    await soon()
    lines[0]!.says(STATE)
    await soon()
    lines[0]!.cut()
    await soon()
    expect(shows.lost.value).toBe(true)
    expect(numbers(shows)).toEqual([1, 2])
    await soon(600)
    expect(lines[1]!.lastId).toBe('4')
    lines[1]!.says(CHANGE)
    await soon()
    expect([shows.lost.value, numbers(shows)]).toEqual([false, [2, 3]])
  })

  it('does not trust a line while the house does not answer', async () => {
    const shows = open()
    await soon()
    lines[0]!.says(STATE)
    await soon()
    net.down = true
    await soon()
    expect(shows.lost.value).toBe(true)
    await soon(600)
    lines[1]!.says(CHANGE)
    await soon()
    expect([shows.lost.value, numbers(shows)]).toEqual([false, [2, 3]])
  })

  it('opens a stream anew that the server ended, without a word about it', async () => {
    const shows = open()
    await soon()
    lines[0]!.says(STATE)
    lines[0]!.hangsUp()
    await soon(600)
    expect([lines.length, shows.lost.value]).toEqual([2, false])
  })

  it('takes a line that is silent for a dead one', async () => {
    const shows = open()
    await soon()
    lines[0]!.says(STATE)
    await soon(39_000)
    lines[0]!.says(': still here\n\n')
    await soon(39_000)
    expect(lines.length).toBe(1)
    await soon(2_000)
    expect([lines.length, shows.lost.value]).toEqual([2, true])
  })

  it('waits longer from try to try, and comes at once when the house answers', async () => {
    let tries = 0
    answer = () => {
      tries++
      throw new TypeError('no network')
    }
    open()
    await soon(60_000)
    expect(tries).toBeGreaterThan(4)
    expect(tries).toBeLessThan(14)
    const before = tries
    net.down = true // as other requests found
    await soon()
    net.heard()
    await soon(1)
    expect(tries).toBe(before + 1)
  })

  it('says why the server said no, and asks no more', async () => {
    answer = () => new Response(JSON.stringify({ code: 'auth.not_allowed', title: '不可以', detail: '', status: 403, trace: '' }), { status: 403 })
    const shows = open()
    await soon(60_000)
    expect(shows.fault.value?.code).toBe('auth.not_allowed')
  })

  it('ends with the right to it', async () => {
    const shows = open()
    await soon()
    lines[0]!.says('event: over\ndata: {}\n\n')
    lines[0]!.hangsUp()
    await soon(60_000)
    expect([shows.over.value, lines.length]).toEqual([true, 1])
  })

  it('hangs up when another is wanted, and when nobody looks any more', async () => {
    const shows = open()
    await soon()
    lines[0]!.says(STATE)
    await soon()
    store.value = 's2'
    await soon()
    expect([lines[1]!.path, shows.parts.value]).toEqual(['/v1/stores/s2/pickups/live', null])
    scope.stop()
    await soon(60_000)
    expect(lines.length).toBe(2)
  })
})
