/** A phone for the logic: its storage, its language, and an answer to what it asks of the server. */
import { beforeEach } from 'vitest'

interface Asked {
  url: string
  method: string
  data: unknown
  header: Record<string, string>
  success: (reply: { statusCode: number; data: unknown }) => void
  fail: () => void
}
export type Server = (asked: { url: string; method: string; data: unknown; header: Record<string, string> }) => { status: number; data: unknown } | null

const kept = new Map<string, string>()
export const phone: { server: Server; asked: string[]; storage: Map<string, string> } = { server: () => null, asked: [], storage: kept }

Object.assign(globalThis, {
  window: undefined,
  uni: {
    getLocale: () => 'zh-Hans',
    getStorageSync: (key: string) => kept.get(key) ?? '',
    setStorageSync: (key: string, value: string) => void kept.set(key, value),
    removeStorageSync: (key: string) => void kept.delete(key),
    request: ({ success, fail, ...asked }: Asked) => {
      phone.asked.push(`${asked.method} ${asked.url}`)
      const reply = phone.server(asked)
      setTimeout(() => (reply ? success({ statusCode: reply.status, data: reply.data }) : fail()), 0)
    },
  },
})

beforeEach(() => {
  kept.clear()
  phone.asked = []
  phone.server = () => null
})
