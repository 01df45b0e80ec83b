import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { ask, NoAnswer, Refused } from '@/api/client'
import type { Order, PlaceOrder } from '@/api/types'
import { alone } from '@/lib/alone'
import { faultOf, type Fault } from '@/lib/fault'
import { newId } from '@/lib/ids'
import { keep, kept, onKeptElsewhere } from '@/lib/kept'
import { net } from '@/lib/net'
import { o } from '@/lib/saleWords'
import { useCart, type Basket } from './cart'
import { useOutbox } from './outbox'

export type Way = { readonly by: 'cash'; readonly tenderedFen: number } | { readonly by: 'wallet'; readonly method: string; readonly code: string } | { readonly by: 'later' } | { readonly by: 'split' }

/**
 * How far a sale is. `doubt`: a reply was lost and it is being found out what became of it. `unpaid`: the order stands and waits for money.
 * `kept`: its cash is taken, and it lies in the outbox until the house can be reached.
 */
export type Stage = 'placing' | 'paying' | 'doubt' | 'unpaid' | 'paid' | 'placed' | 'kept' | 'cancelled'

interface Sale {
  readonly orderId: string
  readonly paymentId: string
  readonly stage: Stage
  readonly body: PlaceOrder | null // null: the order stood before
  readonly basket: Basket | null
  readonly way: Way | null
  readonly order: Order | null
  readonly changeFen: number
}

const AGAIN_MS = 2_000
const OPEN: ReadonlySet<Stage> = new Set(['placing', 'paying', 'doubt'])

/**
 * The sale that goes on at the till: one at a time. Its ids are made before the first request and kept through a reload, so that whatever is
 * sent again is the same order and the same payment; what is shown after any doubt is what the server says.
 */
export const useSale = defineStore('sale', () => {
  const cart = useCart()
  const outbox = useOutbox()
  const sale = ref<Sale | null>(kept<Sale | null>('sale', null))
  const fault = ref<Fault | null>(null)
  const busy = ref(false)
  const moved = ref<number | null>(null) // the new price, where it changed before the order was placed
  let timer = 0

  const stage = computed(() => sale.value?.stage ?? null)
  const isOpen = computed(() => sale.value !== null && OPEN.has(sale.value.stage))

  function put(part: Partial<Sale>): void {
    if (sale.value) sale.value = { ...sale.value, ...part }
  }

  /** Places what is in the cart, paid the way that is said. */
  async function begin(way: Way): Promise<void> {
    if (sale.value || busy.value) return
    const seen = cart.quote
    const keeps = net.down && way.by === 'cash' && cart.sellsAlone
    if (!seen && !keeps) return
    const orderId = newId()
    const paymentId = newId()
    const { no_coupon: _none, all_points: _all, ...asked } = cart.asked()
    const body: PlaceOrder = {
      ...asked,
      id: orderId,
      kind: cart.basket.kind,
      coupon_ids: seen?.priced.reasons.flatMap((each) => (each.offer_id && each.code.startsWith('coupon_') ? [each.offer_id] : [])) ?? [],
      points: seen?.priced.points ?? 0,
      seen_due_fen: cart.dueFen,
      note: cart.basket.note,
      cash: way.by === 'cash' ? { payment_id: paymentId, tendered_fen: way.tenderedFen } : null,
    }
    fault.value = null
    moved.value = null
    sale.value = { orderId, paymentId, stage: 'placing', body, basket: cart.basket, way, order: null, changeFen: 0 }
    await (keeps ? putAside() : go())
  }

  /** Puts a cash sale whose order the house has not told of into the outbox: it bears the same ids, so it is there once, whatever arrived before. */
  async function putAside(): Promise<void> {
    const now = sale.value
    if (!now?.body?.cash || !now.basket || now.order || busy.value) return
    busy.value = true
    clearTimeout(timer)
    try {
      await outbox.ring(now.body, now.basket)
      put({ stage: 'kept', changeFen: now.body.cash.tendered_fen - now.body.seen_due_fen })
      cart.clear()
    } catch {
      fault.value = { say: o('not_kept'), do: '', code: 'not_kept', trace: '' }
      if (now.stage === 'placing') sale.value = null
    } finally {
      busy.value = false
    }
  }

  /** Takes up an order that stands and waits for money, to be paid whole or at once in parts. */
  function takeUp(order: Order, way: Way | null = null): void {
    fault.value = null
    sale.value = { orderId: order.id, paymentId: newId(), stage: 'unpaid', body: null, basket: null, way, order, changeFen: 0 }
  }

  /** Pays an order that stands, another way or for the first time. */
  async function payBy(way: Way): Promise<void> {
    if (!sale.value || busy.value) return
    fault.value = null
    put({ paymentId: newId(), way, stage: 'paying' })
    await go()
  }

  /** Does what is next; safe to be called again at any time, since every request bears the same ids. */
  async function go(): Promise<void> {
    const now = sale.value
    if (!now || busy.value) return
    busy.value = true
    clearTimeout(timer)
    try {
      await alone('sale', () => place(now))
    } catch (error) {
      meet(error)
    } finally {
      busy.value = false
    }
  }

  async function place(now: Sale): Promise<void> {
    let order = now.order
    if (!order && now.body) order = await ask('post', '/v1/orders', { body: now.body })
    if (order && !now.order) {
      put({ order })
      cart.clear()
    }
    if (order) await pay(order)
  }

  async function pay(order: Order): Promise<void> {
    const now = sale.value
    if (!now?.way) return
    if (now.way.by === 'cash') {
      const paid = order.pay_state === 'paid' ? order : await takeCash(now.orderId, now.paymentId, now.way.tenderedFen, order.due_fen)
      return put({ stage: 'paid', order: paid, changeFen: now.way.tenderedFen - paid.due_fen })
    }
    if (now.way.by === 'split') return put({ stage: order.pay_state === 'paid' ? 'paid' : 'unpaid', order })
    if (now.way.by === 'later') {
      const closed = order.due_fen === 0 && order.pay_state === 'unpaid' && order.kind !== 'dine_in'
      const shown = closed ? await ask('post', '/v1/orders/{order_id}/close', { at: { order_id: order.id } }) : order
      return put({ stage: shown.pay_state === 'paid' ? 'paid' : 'placed', order: shown })
    }
    put({ stage: 'paying' })
    const body = { payment_id: now.paymentId, method: now.way.method, amount_fen: order.due_fen, auth_code: now.way.code }
    const found = await ask('post', '/v1/orders/{order_id}/payments', { at: { order_id: order.id }, body })
    settle(found.order)
  }

  function takeCash(orderId: string, id: string, tendered_fen: number, seen_due_fen: number): Promise<Order> {
    return ask('post', '/v1/orders/{order_id}/cash', { at: { order_id: orderId }, body: { id, tendered_fen, seen_due_fen } })
  }

  /** Shows an order as the server has it. */
  function settle(order: Order): void {
    if (order.pay_state === 'paid') put({ stage: 'paid', order, changeFen: sale.value?.way?.by === 'cash' ? sale.value.way.tenderedFen - order.due_fen : 0 })
    else if (order.state === 'cancelled') put({ stage: 'cancelled', order })
    else if (order.pay_state === 'paying') {
      put({ stage: 'paying', order })
      timer = window.setTimeout(() => void look(), AGAIN_MS)
    } else put({ stage: sale.value?.way?.by === 'later' ? 'placed' : 'unpaid', order })
  }

  /** Asks how the order stands, and nothing else. An order that is not there was never placed: the cart comes back. */
  async function look(): Promise<void> {
    const now = sale.value
    if (!now || busy.value) return
    busy.value = true
    clearTimeout(timer)
    try {
      settle(await alone('sale', () => ask('get', '/v1/orders/{order_id}', { at: { order_id: now.orderId } })))
      if (now.basket && cart.basket.lines.length > 0 && !now.order) cart.clear()
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 404) giveBack()
      else meet(error)
    } finally {
      busy.value = false
    }
  }

  /** Has the gateway asked now. */
  async function askGateway(): Promise<void> {
    const now = sale.value
    if (!now) return
    try {
      await ask('post', '/v1/payments/{payment_id}/ask', { at: { payment_id: now.paymentId } })
    } catch {
      /* what it says is seen at the order */
    }
    await look()
  }

  function meet(error: unknown): void {
    if (error instanceof NoAnswer) {
      put({ stage: 'doubt' })
      timer = window.setTimeout(() => void again(), AGAIN_MS)
      return
    }
    fault.value = faultOf(error)
    const now = sale.value
    if (now?.order) return put({ stage: 'unpaid' })
    if (error instanceof Refused && error.problem.code === 'ordering.price_changed') moved.value = Number(error.problem.facts?.['due_fen'] ?? 0)
    sale.value = null
    void cart.price()
  }

  /** After a lost reply: the same requests again where their content is still known, else a look at the order. */
  async function again(): Promise<void> {
    if (sale.value?.stage !== 'doubt') return
    if (sale.value.way?.by === 'wallet' && !sale.value.way.code) await look()
    else await go()
  }

  function giveBack(): void {
    const basket = sale.value?.basket
    sale.value = null
    if (basket && cart.isEmpty) cart.restore(basket)
    fault.value = { say: '', do: '', code: 'not_placed', trace: '' }
  }

  /** Begins where a load before this one stopped: shows what the server knows of the sale. */
  async function resume(): Promise<void> {
    if (!sale.value || !OPEN.has(sale.value.stage)) return
    if (await outbox.has(sale.value.orderId)) return put({ stage: 'kept' })
    put({ stage: 'doubt' })
    await look()
  }

  async function cancel(reason: string): Promise<void> {
    const now = sale.value
    if (!now) return
    busy.value = true
    fault.value = null
    try {
      settle(await ask('post', '/v1/orders/{order_id}/cancel', { at: { order_id: now.orderId }, body: { reason } }))
    } catch (error) {
      fault.value = faultOf(error)
    } finally {
      busy.value = false
    }
  }

  function finish(): void {
    clearTimeout(timer)
    sale.value = null
    fault.value = null
  }

  // A payment code is good for a minute and opens somebody's wallet: it is never kept.
  watch(sale, (now) => keep('sale', now && { ...now, way: now.way?.by === 'wallet' ? { ...now.way, code: '' } : now.way }), { deep: false })
  onKeptElsewhere('sale', () => {
    if (!busy.value) sale.value = kept<Sale | null>('sale', null)
  })
  watch(() => net.down, (down) => {
    if (!down && sale.value?.stage === 'doubt') void again()
  })

  return { sale, stage, isOpen, busy, fault, moved, begin, putAside, takeUp, payBy, look, askGateway, resume, cancel, finish }
})
