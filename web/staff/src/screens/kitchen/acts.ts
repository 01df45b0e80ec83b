import { ref, type Ref } from 'vue'
import { ask, NoAnswer, type Answer, type Caller } from '@/api/client'
import { faultOf } from '@/lib/fault'
import { newId } from '@/lib/ids'
import { toast } from '@/lib/toast'
import { t } from '@/lib/words'

export type Kitchen = Answer<'/v1/stores/{store_id}/kitchen', 'get'>
export type Ticket = Kitchen['tickets'][number]
export type Dish = Ticket['dishes'][number]
export type ToMake = Kitchen['to_make'][number]
export type Station = Kitchen['stations'][number]
export type What = 'start' | 'bump' | 'recall' | 'serve' | 'unserve'
/** A ticket, or some pieces of one of its dishes. */
export type Of = { readonly ticket: Ticket } | { readonly dish: Dish; readonly qty: number }

interface Piece {
  readonly dish_id: string
  readonly order_id: string
  readonly qty: number
}
/** Something that was done at this screen and can be taken back. */
export interface Done {
  readonly id: string
  readonly what: 'bump' | 'serve'
  readonly at: number
  readonly label: string
  readonly names: readonly string[]
  readonly pieces: readonly Piece[]
}

const DONE_MAX = 20
const BACK = { bump: 'recall', serve: 'unserve' } as const
export const keyOf = (of: Of): string => ('ticket' in of ? of.ticket.id : of.dish.dish_id + of.dish.order_id)

/** How many pieces of a dish an act is about. */
function countOf(what: What, dish: Dish): number {
  return what === 'serve' || what === 'recall' ? dish.ready : what === 'start' ? dish.waiting : dish.waiting + dish.cooking
}

/** What cooks do with tickets and dishes, each once: a tap after a lost reply is the same act. */
export function useActs(where: () => { readonly storeId: string; readonly as: Caller }): {
  busy: Ref<ReadonlySet<string>>
  done: Ref<readonly Done[]>
  act: (what: What, of: Of) => Promise<void>
  takeBack: (entry: Done) => Promise<void>
} {
  const busy = ref<ReadonlySet<string>>(new Set())
  const done = ref<readonly Done[]>([])
  const doubted = new Map<string, string>() // ids of acts whose reply was lost

  async function send(key: string, what: What, body: { ticket_id: string } | { pieces: readonly Piece[] }): Promise<string | null> {
    if (busy.value.has(key)) return null
    busy.value = new Set([...busy.value, key])
    const mark = JSON.stringify([what, body])
    const id = doubted.get(mark) ?? newId()
    try {
      const { storeId, as } = where()
      await ask('post', '/v1/stores/{store_id}/kitchen/acts', { at: { store_id: storeId }, body: { id, what, ...body } as never, as })
      doubted.delete(mark)
      return id
    } catch (error) {
      if (error instanceof NoAnswer) doubted.set(mark, id)
      const found = faultOf(error)
      toast(`${found.say} ${found.do}`, 'bad')
      return null
    } finally {
      busy.value = new Set([...busy.value].filter((each) => each !== key))
    }
  }

  async function act(what: What, of: Of): Promise<void> {
    const dishes = 'ticket' in of ? of.ticket.dishes.map((dish) => ({ dish, qty: countOf(what, dish) })).filter((each) => each.qty > 0) : [of]
    const pieces = dishes.map(({ dish, qty }) => ({ dish_id: dish.dish_id, order_id: dish.order_id, qty }))
    const id = await send(keyOf(of), what, 'ticket' in of ? { ticket_id: of.ticket.id } : { pieces })
    if (!id || (what !== 'bump' && what !== 'serve')) return
    const names = dishes.map(({ dish, qty }) => `${dish.name} ×${qty}`)
    const entry = { id, what, at: Date.now(), label: 'ticket' in of ? of.ticket.label : '', names, pieces }
    done.value = [entry, ...done.value].slice(0, DONE_MAX)
    toast(t(what === 'bump' ? 'kitchen_bumped' : 'kitchen_served', { names: names.join('、') }), 'good', { say: t('undo'), do: () => void takeBack(entry) })
  }

  async function takeBack(entry: Done): Promise<void> {
    if (await send(entry.id, BACK[entry.what], { pieces: entry.pieces })) done.value = done.value.filter((each) => each !== entry)
  }

  return { busy, done, act, takeBack }
}
