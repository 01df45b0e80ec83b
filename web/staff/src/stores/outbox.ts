import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { ask, NoAnswer, Refused } from '@/api/client'
import type { PlaceOrder } from '@/api/types'
import { alone } from '@/lib/alone'
import { faultOf, type Fault } from '@/lib/fault'
import { net } from '@/lib/net'
import * as shelf from '@/lib/shelf'
import type { Basket } from './cart'
import { useSession } from './session'

/** What became of a sale that was rung up without a network: it waits, the house took it, has another price for it, or said no. */
export type Fate = 'waiting' | 'accepted' | 'moved' | 'refused'

export interface RungUp {
  readonly id: string // of the order: whatever is sent again is the same order and the same payment
  readonly at: number
  readonly by: string
  readonly body: PlaceOrder
  readonly basket: Basket
  readonly fate: Fate
  readonly houseFen: number | null // what the house asks, where that is not what was taken
  readonly fault: Fault | null
}

const AGAIN_MS = 10_000
const SHELF = 'outbox'
const BUSY_FROM = 500 // a status from which on the house is at fault, not the sale

/**
 * Cash sales that were rung up while the house could not be reached. Each lies in the browser's database before the guest has their change, is sent
 * under the ids made then by one tab at a time, and stays until the cashier has seen what the house said.
 */
export const useOutbox = defineStore('outbox', () => {
  const session = useSession()
  const sales = shallowRef<readonly RungUp[]>([])
  const sending = ref(false)
  const tabs = new BroadcastChannel(`goodtaste.${SHELF}`)
  let timer = 0

  const waiting = computed(() => sales.value.filter((each) => each.fate === 'waiting'))
  const work = computed(() => sales.value.filter((each) => each.fate === 'moved' || each.fate === 'refused'))
  const accepted = computed(() => sales.value.filter((each) => each.fate === 'accepted'))

  async function load(): Promise<void> {
    sales.value = await shelf.all<RungUp>()
  }

  async function write(sale: RungUp): Promise<void> {
    await shelf.put(sale)
    await told()
  }

  async function told(): Promise<void> {
    tabs.postMessage('')
    await load()
  }

  /** Keeps a sale to be sent; returns once it is on the disk, and throws where this browser keeps nothing. */
  async function ring(body: PlaceOrder, basket: Basket): Promise<void> {
    await write({ id: body.id, at: Date.now(), by: session.who?.name ?? '', body, basket, fate: 'waiting', houseFen: null, fault: null })
    void navigator.storage?.persist?.()
    void send()
  }

  /** Sends what waits, oldest first, and goes on with it later where the house does not answer. */
  async function send(): Promise<void> {
    clearTimeout(timer)
    if (net.down || !session.isIn || sending.value) return
    sending.value = true
    try {
      await alone(SHELF, async () => {
        await load()
        for (const sale of waiting.value) if (!(await sendOne(sale))) return
      })
    } finally {
      sending.value = false
      if (waiting.value.length > 0) timer = window.setTimeout(() => void send(), AGAIN_MS)
    }
  }

  /** Sends one sale and writes down what the house said; tells whether it said anything. */
  async function sendOne(sale: RungUp): Promise<boolean> {
    try {
      await ask('post', '/v1/orders', { body: sale.body })
      await write({ ...sale, fate: 'accepted', houseFen: null, fault: null })
    } catch (error) {
      if (error instanceof NoAnswer) return false
      if (!(error instanceof Refused) || error.problem.status === 401 || error.problem.status >= BUSY_FROM) return false
      const moved = error.problem.code === 'ordering.price_changed'
      await write({ ...sale, fate: moved ? 'moved' : 'refused', houseFen: moved ? Number(error.problem.facts?.['due_fen']) : null, fault: faultOf(error) })
    }
    return true
  }

  /** Sends a sale once more that the house had refused, at the price of the house where it has another one. */
  async function again(sale: RungUp): Promise<void> {
    const due = sale.houseFen ?? sale.body.seen_due_fen
    const cash = sale.body.cash && { ...sale.body.cash, tendered_fen: Math.max(sale.body.cash.tendered_fen, due) }
    await write({ ...sale, body: { ...sale.body, seen_due_fen: due, cash: cash ?? null }, fate: 'waiting', houseFen: null, fault: null })
    await send()
  }

  /** Tells whether a sale lies here, whatever became of it. */
  async function has(id: string): Promise<boolean> {
    await load().catch(() => undefined)
    return sales.value.some((each) => each.id === id)
  }

  /** Takes a sale off the shelf: what was taken has been seen, what is not to be booked was decided so by a person. */
  async function drop(...gone: readonly RungUp[]): Promise<void> {
    for (const each of gone) await shelf.take(each.id)
    await told()
  }

  tabs.onmessage = () => void load()
  watch([() => net.down, () => session.isIn], () => void send())
  void load().then(send, () => undefined) // a browser that keeps nothing says so when a sale is rung up

  return { sales, sending, waiting, work, accepted, ring, has, again, drop }
})
