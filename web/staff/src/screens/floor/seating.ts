import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ask, NoAnswer, type Answer, type Body } from '@/api/client'
import type { Order } from '@/api/types'
import { faultOf, type Fault } from '@/lib/fault'
import { newId } from '@/lib/ids'
import { useLive, type Shows } from '@/lib/live'
import type { Progress, Seating } from './floor'

type Discount = Answer<'/v1/orders/{order_id}/discounts', 'get'>[number]
type Piece = { readonly line_no: number; readonly qty: number }
export type Act = Body<'/v1/stores/{store_id}/kitchen/acts', 'post'>

export interface SeatingShown {
  readonly live: Shows
  readonly seating: ComputedRef<Seating | null>
  readonly orders: ShallowRef<readonly Order[]>
  readonly discounts: ShallowRef<readonly Discount[]>
  readonly order: ComputedRef<Order | null>
  readonly chosen: Ref<string>
  readonly busy: Ref<boolean>
  readonly fault: ShallowRef<Fault | null>
  read(): Promise<void>
  /** Does something once; what it is refused for is shown, and what changed meanwhile is read. Gives null then. */
  attempt<T>(act: () => Promise<T>): Promise<T | null>
  /** The id of an act: the same until an answer came, so that the next try is the same act. */
  idOf(key: string): string
  progressOf(dishId: string): Progress | undefined
}

/** Whether a bill takes more dishes and changes. */
export function isOpen(order: Order): boolean {
  return order.pay_state === 'unpaid' && order.state !== 'cancelled'
}

export function owes(order: Order): boolean {
  return ['unpaid', 'paying', 'part_paid'].includes(order.pay_state) && order.state !== 'cancelled'
}

/** A seating as it goes on, with its bills in full: the stream says that they changed, and they are read again. */
export function useSeating(seatingId: string): SeatingShown {
  const live = useLive(() => ({ path: '/v1/seatings/{seating_id}/live', at: { seating_id: seatingId }, as: 'person' }))
  const seating = computed(() => (live.parts.value ? (Object.fromEntries(live.parts.value) as Seating) : null))
  const orders = shallowRef<readonly Order[]>([])
  const discounts = shallowRef<readonly Discount[]>([])
  const chosen = ref('')
  const busy = ref(false)
  const fault = shallowRef<Fault | null>(null)
  const ids = new Map<string, string>()
  const order = computed(() => orders.value.find((each) => each.id === chosen.value) ?? orders.value.find(owes) ?? orders.value.at(-1) ?? null)
  let turn = 0

  async function read(): Promise<void> {
    const mine = ++turn
    const bills = seating.value?.bills ?? []
    try {
      const found = await Promise.all(bills.map((each) => ask('get', '/v1/orders/{order_id}', { at: { order_id: each.id } }) as Promise<Order>))
      const off = order.value?.hand_fen || found.some((each) => each.hand_fen) ? await Promise.all(found.filter((each) => each.hand_fen).map((each) => ask('get', '/v1/orders/{order_id}/discounts', { at: { order_id: each.id } }))) : []
      if (mine !== turn) return
      orders.value = found.filter((each) => !each.went_to && each.state !== 'cancelled')
      discounts.value = off.flat().filter((each) => !each.ended_at)
    } catch (error) {
      if (mine === turn && orders.value.length === 0) fault.value = faultOf(error)
    }
  }

  async function attempt<T>(act: () => Promise<T>): Promise<T | null> {
    if (busy.value) return null
    busy.value = true
    fault.value = null
    try {
      const done = await act()
      ids.clear()
      await read()
      return done
    } catch (error) {
      if (!(error instanceof NoAnswer)) ids.clear()
      fault.value = faultOf(error)
      await read()
      return null
    } finally {
      busy.value = false
    }
  }

  function idOf(key: string): string {
    const id = ids.get(key) ?? newId()
    ids.set(key, id)
    return id
  }

  function progressOf(dishId: string): Progress | undefined {
    return seating.value?.dishes.find((each) => each.dish_id === dishId && each.order_id === order.value?.id)
  }

  watch(() => JSON.stringify([seating.value?.bills, seating.value?.state]), () => void (seating.value && read()))
  return { live, seating, orders, discounts, order, chosen, busy, fault, read, attempt, idOf, progressOf }
}

export type { Discount, Piece }
