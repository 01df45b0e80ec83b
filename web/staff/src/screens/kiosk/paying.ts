import { computed, ref, shallowRef } from 'vue'
import { ask, NoAnswer, Refused, type Body } from '@/api/client'
import type { Order } from '@/api/types'
import { faultOf, type Fault } from '@/lib/fault'
import { newId } from '@/lib/ids'
import { keep, kept } from '@/lib/kept'
import { useKiosk } from './kiosk'

export type Way = { readonly by: 'counter' } | { readonly by: 'shown'; readonly method: string; readonly code: string } | { readonly by: 'qr'; readonly method: string }
/** How far the order is; `choose`: it is not placed, or waits for money. */
export type Stage = 'choose' | 'placing' | 'paying' | 'doubt' | 'failed' | 'paid' | 'unpaid'

const AGAIN_MS = 1_500
const KEPT = 'kiosk_order' // its id alone: what a reload needs to find out what became of it

/**
 * The order at the kiosk and its payment. Ids are made before the first request; after a lost reply, or a reload, the screen shows what the
 * server knows.
 */
export function usePaying() {
  const kiosk = useKiosk()
  const stage = ref<Stage>('choose')
  const order = shallowRef<Order | null>(null)
  const link = ref('') // what the diner's phone scans
  const fault = ref<Fault | null>(null)
  const way = shallowRef<Way | null>(null)
  let body: Body<'/v1/orders', 'post'> | null = null
  let paymentId = ''
  let timer = 0
  const isOpen = computed(() => ['placing', 'paying', 'doubt'].includes(stage.value))

  async function pay(by: Way): Promise<void> {
    if (isOpen.value) return
    way.value = by
    fault.value = null
    link.value = ''
    paymentId = newId()
    stage.value = 'placing'
    await go()
  }

  /** Does what is next; after a doubt the same again, under the same ids. */
  async function go(): Promise<void> {
    clearTimeout(timer)
    try {
      order.value ??= await place()
      if (!order.value) return
      if (order.value.pay_state === 'paid') return over('paid')
      if (way.value?.by === 'counter') return over('unpaid')
      await take(order.value)
    } catch (error) {
      meet(error)
    }
  }

  async function place(): Promise<Order | null> {
    const seen = kiosk.quote
    if (!body && seen) {
      const { no_coupon: _none, all_points: _all, ...cart } = kiosk.asked()
      const coupons = seen.priced.reasons.flatMap((each) => (each.offer_id && each.code.startsWith('coupon_') ? [each.offer_id] : []))
      body = { ...cart, id: newId(), kind: kiosk.where, coupon_ids: coupons, points: seen.priced.points, seen_due_fen: seen.priced.due_fen }
    }
    if (!body) return null
    keep(KEPT, body.id)
    return ask('post', '/v1/orders', { body, as: 'terminal' })
  }

  async function take(placed: Order): Promise<void> {
    const by = way.value
    if (!by || by.by === 'counter') return
    stage.value = 'paying'
    const asked = { payment_id: paymentId, method: by.method, amount_fen: placed.due_fen, ...(by.by === 'shown' ? { auth_code: by.code } : {}) }
    const found = await ask('post', '/v1/orders/{order_id}/payments', { at: { order_id: placed.id }, body: asked, as: 'terminal' })
    link.value = found.action?.['code_url'] ?? found.action?.['pay_url'] ?? ''
    settle(found.order)
  }

  /** Shows an order as the server has it. */
  function settle(found: Order): void {
    order.value = found
    if (found.pay_state === 'paid') over('paid')
    else if (found.state === 'cancelled') forget()
    else if (found.pay_state === 'paying') {
      stage.value = 'paying'
      later(look)
    } else stage.value = way.value ? 'failed' : 'choose'
  }

  async function look(): Promise<void> {
    const id = order.value?.id ?? body?.id
    if (!id) return
    try {
      settle(await ask('get', '/v1/orders/{order_id}', { at: { order_id: id }, as: 'terminal' }))
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 404) forget()
      else later(look)
    }
  }

  function later(what: () => Promise<void>): void {
    clearTimeout(timer)
    timer = window.setTimeout(() => void what(), AGAIN_MS)
  }

  function meet(error: unknown): void {
    if (error instanceof NoAnswer) {
      stage.value = 'doubt'
      return later(go)
    }
    fault.value = faultOf(error)
    if (order.value) {
      stage.value = 'failed'
      return
    }
    body = null
    keep(KEPT, null)
    stage.value = 'choose'
    kiosk.step = 'cart'
    void kiosk.load()
    void kiosk.price()
  }

  function over(at: 'paid' | 'unpaid'): void {
    stage.value = at
    keep(KEPT, null)
  }

  /** Takes the order back that was not paid, where it can be; what is left of it runs out by itself. */
  async function callOff(): Promise<void> {
    const placed = order.value
    forget()
    if (placed && placed.pay_state !== 'paid') {
      await ask('post', '/v1/orders/{order_id}/cancel', { at: { order_id: placed.id }, body: { reason: 'kiosk' }, as: 'terminal' }).catch(() => undefined)
    }
  }

  function forget(): void {
    clearTimeout(timer)
    keep(KEPT, null)
    body = null
    order.value = null
    way.value = null
    link.value = ''
    fault.value = null
    stage.value = 'choose'
  }

  /** Shows what became of an order that a load before this one began. */
  async function resume(): Promise<boolean> {
    const id = kept<string | null>(KEPT, null)
    if (!id) return false
    try {
      const found = await ask('get', '/v1/orders/{order_id}', { at: { order_id: id }, as: 'terminal' })
      if (found.state === 'cancelled') return false
      settle(found)
      return true
    } catch (error) {
      if (error instanceof NoAnswer) later(async () => void (await resume()))
      else keep(KEPT, null)
      return false
    }
  }

  return { stage, order, link, fault, way, isOpen, pay, callOff, forget, resume }
}
