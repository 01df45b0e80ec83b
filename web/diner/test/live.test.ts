/** Streams as pages follow them: told of changes, on from where a line broke, and by the clock where there is none. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { live, POLL_MS } from '@/lib/live'
import { keep } from '@/lib/storage'

vi.hoisted(() => Object.assign(globalThis, { window: { location: { origin: '' } } }))

const STATE = 'id: 4\nevent: state\ndata: {}\n\n'
const CHANGE = 'id: 5\nevent: change\ndata: {}\n\n'
interface Line {
  readonly headers: Record<string, string>
  says(text: string): void
  hangsUp(): void
}
let lines: Line[] = []
let status = 200
let looks = 0
const look = async (): Promise<void> => void looks++
const soon = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)
let stop = (): void => undefined

beforeEach(() => {
  vi.useFakeTimers()
  lines = []
  looks = 0
  status = 200
  vi.stubGlobal('fetch', async (_: string, asked: RequestInit) => {
    let out!: ReadableStreamDefaultController<Uint8Array>
    const body = new ReadableStream<Uint8Array>({ start: (into) => void (out = into) })
    asked.signal?.addEventListener('abort', () => { try { out.error(new TypeError('cut')) } catch { /* over already */ } })
    lines.push({ headers: asked.headers as Record<string, string>, says: (text) => out.enqueue(new TextEncoder().encode(text)), hangsUp: () => out.close() })
    return new Response(status === 200 ? body : null, { status })
  })
})
afterEach(() => {
  stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a change is looked at when it is told, and nothing is asked while nothing is', async () => {
  stop = live('/v1/orders/1/progress/live', look)
  await soon()
  lines[0]!.says(STATE)
  await soon()
  const before = looks
  lines[0]!.says(': still here\n\n')
  await soon(30_000)
  expect([before > 0, looks - before, lines.length]).toEqual([true, 0, 1])
  lines[0]!.says(CHANGE)
  await soon()
  expect(looks - before).toBe(1)
})

test('a line that broke goes on from the last event, later and later while the house says no', async () => {
  stop = live('/v1/orders/1/progress/live', look)
  await soon()
  lines[0]!.says(STATE)
  await soon()
  lines[0]!.hangsUp()
  await soon(600)
  expect(lines[1]!.headers['last-event-id']).toBe('4')
  status = 503
  lines[1]!.hangsUp()
  await soon(60_000)
  expect(lines.length).toBeGreaterThan(4)
  expect(lines.length).toBeLessThan(16)
})

test('a line that says nothing for long is given up', async () => {
  stop = live('/v1/orders/1/progress/live', look)
  await soon()
  lines[0]!.says(STATE)
  await soon(45_000)
  expect(lines.length).toBe(2)
})

test('a right that has ended is looked at once more, and no more listened to', async () => {
  stop = live('/v1/seating/live', look)
  await soon()
  lines[0]!.says('event: over\ndata: {}\n\n')
  await soon(60_000)
  expect([lines.length, looks]).toEqual([1, 2])
})

test('who stopped hears nothing', async () => {
  stop = live('/v1/orders/1/progress/live', look)
  await soon()
  stop()
  await soon(60_000)
  expect([lines.length, looks]).toEqual([1, 1])
})

test('the tokens of the phone and of its table go along', async () => {
  keep('tokens', { access_token: 'a', refresh_token: 'r' })
  keep('seat', { token: 's' })
  stop = live('/v1/seating/live', look)
  await soon()
  expect(lines[0]!.headers).toMatchObject({ authorization: 'Bearer a', 'seating-token': 's', 'accept-language': 'zh-CN' })
})

test('without streams it looks by the clock', async () => {
  vi.stubGlobal('fetch', undefined)
  stop = live('/v1/orders/1/progress/live', look)
  await soon(POLL_MS * 3 + 10)
  expect(looks).toBe(4)
})
