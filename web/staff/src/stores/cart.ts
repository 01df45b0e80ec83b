import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { ask, NoAnswer } from '@/api/client'
import type { Arrived, Cart, Dish, HeldCoupon, Quote, Sku } from '@/api/types'
import { faultOf, type Fault } from '@/lib/fault'
import { newId } from '@/lib/ids'
import { keep, kept, onKeptElsewhere } from '@/lib/kept'
import { useSession } from './session'

export type Kind = 'counter' | 'dine_in' | 'pickup'
export interface Option {
  readonly id: string
  readonly name: string
  readonly price_fen: number
}
export interface PickedPart {
  readonly slot_id: string
  readonly sku_id: string
  readonly name: string
  readonly extra_fen: number
}
export interface Line {
  readonly key: string
  readonly dishId: string
  readonly skuId: string
  readonly name: string
  readonly size: string
  readonly qty: number
  readonly options: readonly Option[]
  readonly parts: readonly PickedPart[]
  readonly note: string
  readonly listFen: number
}
export interface Basket {
  readonly lines: readonly Line[]
  readonly kind: Kind
  readonly tableId: string | null
  readonly tableLabel: string
  readonly party: number | null
  readonly member: Arrived | null
  readonly couponId: string | null
  readonly noCoupon: boolean
  readonly allPoints: boolean
  readonly note: string
}
export interface HeldBasket {
  readonly id: string
  readonly at: number
  readonly basket: Basket
}

export const QTY_MAX = 99
export const LINES_MAX = 60
export const HELD_MAX = 20
const QUOTE_AFTER_MS = 120
const EMPTY: Basket = { lines: [], kind: 'counter', tableId: null, tableLabel: '', party: null, member: null, couponId: null, noCoupon: false, allPoints: false, note: '' }

/** What one line costs by the list, in fen: the size, its options and what is extra in a set, times the pieces. */
export function listOf(line: Line): number {
  const each = line.listFen + line.options.reduce((sum, o) => sum + o.price_fen, 0) + line.parts.reduce((sum, p) => sum + p.extra_fen, 0)
  return each * line.qty
}

/** Tells whether two lines are the same choice, so that one more of it is one line with two pieces. */
export function same(a: Line, b: Line): boolean {
  const mark = (line: Line): string => [line.skuId, ...line.options.map((o) => o.id), ...line.parts.map((p) => p.slot_id + p.sku_id), line.note].join()
  return mark(a) === mark(b)
}

/**
 * The cart at the till. It is kept in the browser at every change, so that a reload, another page or a session that ended loses nothing; the
 * price is always the server's, and until it comes the list prices are shown as what they are.
 */
export const useCart = defineStore('cart', () => {
  const session = useSession()
  const basket = ref<Basket>(kept<Basket | null>('cart', null) ?? EMPTY)
  const held = ref<readonly HeldBasket[]>(kept<readonly HeldBasket[]>('held', []))
  const quote = ref<Quote | null>(null)
  const pricing = ref(false)
  const fault = ref<Fault | null>(null)
  const offline = ref(false)
  const coupons = ref<readonly HeldCoupon[]>([])
  const chosen = ref<string | null>(null)
  let asking: AbortController | null = null
  let timer = 0

  const isEmpty = computed(() => basket.value.lines.length === 0)
  const pieces = computed(() => basket.value.lines.reduce((sum, line) => sum + line.qty, 0))
  const listFen = computed(() => basket.value.lines.reduce((sum, line) => sum + listOf(line), 0))
  const dueFen = computed(() => quote.value?.priced.due_fen ?? listFen.value)
  /** Whether it can be sold for cash while the house cannot be reached: at a known price, with nothing that only the house knows. */
  const sellsAlone = computed(() => basket.value.member === null && basket.value.kind !== 'dine_in' && dueFen.value > 0)
  const qtyOfDish = computed(() => {
    const found = new Map<string, number>()
    for (const line of basket.value.lines) found.set(line.dishId, (found.get(line.dishId) ?? 0) + line.qty)
    return found
  })

  function change(part: Partial<Basket>): void {
    basket.value = { ...basket.value, ...part }
  }

  function add(dish: Dish, sku: Sku, picked: Partial<Pick<Line, 'options' | 'parts' | 'note' | 'qty'>> = {}): void {
    const made: Line = {
      key: newId(), dishId: dish.id, skuId: sku.id, name: dish.name, size: sku.name, qty: 1, options: [], parts: [], note: '', listFen: sku.list_fen, ...picked,
    }
    const there = basket.value.lines.find((line) => same(line, made))
    if (there) setQty(there.key, there.qty + made.qty)
    else if (basket.value.lines.length < LINES_MAX) change({ lines: [...basket.value.lines, made] })
    chosen.value = there?.key ?? made.key
  }

  function setQty(key: string, qty: number): void {
    if (qty <= 0) return remove(key)
    change({ lines: basket.value.lines.map((line) => (line.key === key ? { ...line, qty: Math.min(qty, QTY_MAX) } : line)) })
  }

  function replace(line: Line): void {
    const twin = basket.value.lines.find((each) => each.key !== line.key && same(each, line))
    if (!twin) return change({ lines: basket.value.lines.map((each) => (each.key === line.key ? line : each)) })
    change({ lines: basket.value.lines.filter((each) => each.key !== line.key) })
    setQty(twin.key, twin.qty + line.qty)
  }

  function remove(key: string): void {
    const at = basket.value.lines.findIndex((line) => line.key === key)
    const lines = basket.value.lines.filter((line) => line.key !== key)
    change({ lines })
    if (chosen.value === key) chosen.value = (lines[at] ?? lines[at - 1])?.key ?? null
  }

  function clear(): void {
    basket.value = EMPTY
    quote.value = null
    coupons.value = []
    chosen.value = null
    fault.value = null
  }

  function restore(from: Basket): void {
    basket.value = from
    chosen.value = from.lines.at(-1)?.key ?? null
    if (from.member) void readCoupons(from.member.member_id)
  }

  function hold(): boolean {
    if (isEmpty.value || held.value.length >= HELD_MAX) return false
    held.value = [...held.value, { id: newId(), at: Date.now(), basket: basket.value }]
    clear()
    return true
  }

  function recall(id: string): void {
    const found = held.value.find((each) => each.id === id)
    if (!found) return
    held.value = held.value.filter((each) => each.id !== id)
    const mine = basket.value
    if (mine.lines.length > 0) held.value = [...held.value, { id: newId(), at: Date.now(), basket: mine }]
    restore(found.basket)
  }

  function drop(id: string): void {
    held.value = held.value.filter((each) => each.id !== id)
  }

  async function readCoupons(memberId: string): Promise<void> {
    coupons.value = []
    if (!session.can('coupon.read')) return
    try {
      const page = await ask('get', '/v1/members/{member_id}/coupons', { at: { member_id: memberId } })
      coupons.value = page.coupons.filter((each) => each.state === 'issued')
    } catch {
      /* the price names the coupons by number then */
    }
  }

  async function arrive(code: string): Promise<Arrived> {
    const member = await ask('post', '/v1/member-codes/scan', { body: { code, store_id: session.storeId ?? '' } })
    const again = basket.value.member?.member_id === member.member_id // shown once more: what was chosen stays
    change(again ? { member } : { member, couponId: null, noCoupon: false, allPoints: false })
    void readCoupons(member.member_id)
    return member
  }

  function leaveMember(): void {
    change({ member: null, couponId: null, noCoupon: false, allPoints: false })
    coupons.value = []
  }

  /** What is sent to have the cart priced. */
  function asked(): Cart {
    const { kind, tableId, party, member, couponId, noCoupon, allPoints, lines } = basket.value
    return {
      store_id: session.storeId ?? '',
      channel: 'counter',
      kind,
      lines: lines.map((line) => ({
        sku_id: line.skuId, qty: line.qty, options: line.options.map((o) => o.id), parts: line.parts.map(({ slot_id, sku_id }) => ({ slot_id, sku_id })), note: line.note,
      })),
      table_id: kind === 'dine_in' ? tableId : null,
      party: kind === 'dine_in' ? party : null,
      ...(member ? { member_id: member.member_id, visit_id: member.visit_id, all_points: allPoints, no_coupon: noCoupon } : {}),
      ...(member && couponId ? { coupon_ids: [couponId] } : {}),
    }
  }

  async function price(): Promise<void> {
    asking?.abort()
    if (isEmpty.value) {
      quote.value = null
      fault.value = null
      pricing.value = false
      return
    }
    const mine = (asking = new AbortController())
    pricing.value = true
    try {
      const found = await ask('post', '/v1/quotes', { body: asked(), signal: mine.signal })
      if (asking !== mine) return
      quote.value = found
      fault.value = null
      offline.value = false
    } catch (error) {
      if (asking !== mine) return
      quote.value = null
      offline.value = error instanceof NoAnswer
      fault.value = offline.value ? null : faultOf(error)
    } finally {
      if (asking === mine) pricing.value = false
    }
  }

  /** What is sent decides about the price; a change of it has it asked for anew. */
  watch(
    () => JSON.stringify(asked()),
    () => {
      asking?.abort()
      quote.value = null
      pricing.value = !isEmpty.value
      clearTimeout(timer)
      timer = window.setTimeout(() => void price(), QUOTE_AFTER_MS)
    },
    { immediate: true },
  )
  // Two tabs of a till are one till: what one changes the other shows, so that neither writes over the other's.
  onKeptElsewhere('cart', () => (basket.value = kept<Basket | null>('cart', null) ?? EMPTY))
  onKeptElsewhere('held', () => (held.value = kept<readonly HeldBasket[]>('held', [])))
  watch(basket, (now) => keep('cart', now.lines.length || now.member ? now : null))
  watch(held, (now) => keep('held', now.length ? now : null))

  return {
    basket, held, quote, pricing, fault, offline, coupons, chosen, isEmpty, pieces, listFen, dueFen, sellsAlone, qtyOfDish,
    change, add, setQty, replace, remove, clear, restore, hold, recall, drop, arrive, leaveMember, asked, price,
  }
})
