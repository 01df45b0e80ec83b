import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import { ask, NoAnswer } from '@/api/client'
import type { Dish, Order, PlaceOrder, Sku } from '@/api/types'
import { faultOf, type Fault } from '@/lib/fault'
import { newId } from '@/lib/ids'
import { keep, kept } from '@/lib/kept'
import { net } from '@/lib/net'
import { QTY_MAX, type Line } from '@/stores/cart'
import { useSession } from '@/stores/session'
import type { Seating } from './floor'

/** A line of a round; `held`: it is not made before somebody says so. */
export interface Wanted extends Line {
  readonly held: boolean
}
interface Draft {
  readonly lines: readonly Wanted[]
  /** What was sent and got no reply: it is sent again as it was, and nothing is changed meanwhile. */
  readonly sent: { readonly orderId: string; readonly body: { readonly id: string; readonly lines: PlaceOrder['lines'] } | PlaceOrder } | null
}
type Picked = Partial<Pick<Line, 'options' | 'parts' | 'note' | 'qty'>>

export interface Round {
  readonly draft: Ref<Draft>
  readonly pieces: ComputedRef<number>
  readonly busy: Ref<boolean>
  readonly fault: Ref<Fault | null>
  readonly inDoubt: ComputedRef<boolean>
  add(dish: Dish, sku: Sku, picked?: Picked): void
  setQty(key: string, qty: number): void
  hold(key: string): void
  send(order: Order | null): Promise<boolean>
}

const EMPTY: Draft = { lines: [], sent: null }
const same = (a: Line, b: Line): boolean => [a, b].map((each) => JSON.stringify([each.skuId, each.options.map((o) => o.id), each.parts.map((p) => p.slot_id + p.sku_id), each.note])).every((mark, _, all) => mark === all[0])

/** A round of a party while it is put together: kept in the browser, and sent once under ids that were made before. */
export function useRound(seating: () => Seating): Round {
  const session = useSession()
  const name = `round.${seating().id}`
  const draft = ref<Draft>(kept<Draft>(name, EMPTY))
  const busy = ref(false)
  const fault = ref<Fault | null>(null)
  const pieces = computed(() => draft.value.lines.reduce((sum, line) => sum + line.qty, 0))
  const inDoubt = computed(() => draft.value.sent !== null)

  function put(lines: readonly Wanted[]): void {
    if (!inDoubt.value) draft.value = { ...draft.value, lines }
  }

  function add(dish: Dish, sku: Sku, picked: Picked = {}): void {
    const made: Wanted = { key: newId(), dishId: dish.id, skuId: sku.id, name: dish.name, size: sku.name, qty: 1, options: [], parts: [], note: '', listFen: sku.list_fen, held: false, ...picked }
    const there = draft.value.lines.find((line) => same(line, made))
    if (there) setQty(there.key, there.qty + made.qty)
    else put([...draft.value.lines, made])
  }

  function setQty(key: string, qty: number): void {
    put(draft.value.lines.flatMap((line) => (line.key !== key ? [line] : qty > 0 ? [{ ...line, qty: Math.min(qty, QTY_MAX) }] : [])))
  }

  function hold(key: string): void {
    put(draft.value.lines.map((line) => (line.key === key ? { ...line, held: !line.held } : line)))
  }

  function asked(): PlaceOrder['lines'] {
    return draft.value.lines.map((line) => ({
      sku_id: line.skuId, qty: line.qty, options: line.options.map((o) => o.id), parts: line.parts.map(({ slot_id, sku_id }) => ({ slot_id, sku_id })), note: line.note, hold: line.held,
    }))
  }

  /** The first dishes of a party open its bill, as each round does where it pays first; they are priced before, and the price is what is agreed to. */
  async function opening(): Promise<PlaceOrder> {
    const cart = { store_id: session.storeId ?? '', channel: 'counter' as const, kind: 'dine_in' as const, table_id: seating().table_ids[0] ?? null, party: seating().bills.length ? null : seating().party, lines: asked() }
    const quote = await ask('post', '/v1/quotes', { body: cart })
    return { ...cart, id: newId(), seen_due_fen: quote.priced.due_fen }
  }

  /** Orders the round on a bill, or opens one; tells whether it is done. */
  async function send(order: Order | null): Promise<boolean> {
    if (busy.value || pieces.value === 0) return false
    busy.value = true
    fault.value = null
    try {
      if (!draft.value.sent) {
        const body = order ? { id: newId(), lines: asked() } : await opening()
        draft.value = { ...draft.value, sent: { orderId: order?.id ?? body.id, body } }
      }
      const { orderId, body } = draft.value.sent!
      if ('kind' in body) {
        await ask('post', '/v1/orders', { body })
        await ask('post', '/v1/seatings/{seating_id}/bills', { at: { seating_id: seating().id }, body: { order_id: orderId } })
      } else await ask('post', '/v1/orders/{order_id}/rounds', { at: { order_id: orderId }, body })
      draft.value = EMPTY
      return true
    } catch (error) {
      if (!(error instanceof NoAnswer)) draft.value = { ...draft.value, sent: null }
      fault.value = faultOf(error)
      return false
    } finally {
      busy.value = false
    }
  }

  watch(draft, (now) => keep(name, now.lines.length ? now : null))
  watch(() => net.down, (down) => {
    if (!down && inDoubt.value) fault.value = null
  })
  return { draft, pieces, busy, fault, inDoubt, add, setQty, hold, send }
}
