/** Which dishes are shown first on the home page, each with the reason that the diner reads. */
import type { Dish, Menu, Order } from '@/api/shapes'

export interface Why {
  readonly key: 'why.again' | 'why.last' | 'why.hot' | 'why.sign' | 'why.sweet' | 'why.drink' | 'why.tag'
  readonly facts: Readonly<Record<string, string | number>>
}
export interface Recommended {
  readonly dish: Dish
  readonly why: Why
}

const SIGNATURE = /招牌|signature/i
const OWN_MAX = 3

/**
 * Returns up to `most` dishes that can be had now: what this diner orders (where they let us look), the signatures, the first category
 * (热销), then dishes with a tag.  No dish comes twice, and no reason is made up.
 */
export function recommended(menu: Menu, orders: readonly Order[], most = 8): Recommended[] {
  const open = menu.categories.filter((category) => category.open_now)
  const dishes = open.flatMap((category) => category.dishes).filter((dish) => !dish.sold_out)
  const found = new Map<string, Recommended>()
  const add = (dish: Dish | undefined, why: Why) => {
    if (dish && found.size < most && !found.has(dish.id)) found.set(dish.id, { dish, why })
  }
  own(orders, dishes).slice(0, OWN_MAX).forEach(({ dish, times, last }) => {
    add(dish, times > 1 ? { key: 'why.again', facts: { n: times } } : last ? { key: 'why.last', facts: {} } : { key: 'why.again', facts: { n: 1 } })
  })
  dishes.filter((dish) => dish.tags.some((tag) => SIGNATURE.test(tag))).forEach((dish) => add(dish, { key: 'why.sign', facts: {} }))
  open[0]?.dishes.filter((dish) => !dish.sold_out).forEach((dish) => add(dish, { key: 'why.hot', facts: {} }))
  dishes.filter((dish) => dish.tags[0]).forEach((dish) => add(dish, { key: 'why.tag', facts: { tag: dish.tags[0]! } }))
  return [...found.values()]
}

function own(orders: readonly Order[], dishes: readonly Dish[]) {
  const bySku = new Map(dishes.flatMap((dish) => dish.skus.map((sku) => [sku.id, dish] as const)))
  const eaten = new Map<string, { dish: Dish; times: number; last: boolean }>()
  orders
    .filter((order) => order.state !== 'cancelled')
    .forEach((order, n) => {
      const inOrder = new Set(order.lines.map((line) => bySku.get(line.sku_id)).filter((dish): dish is Dish => dish !== undefined))
      inOrder.forEach((dish) => {
        const known = eaten.get(dish.id)
        eaten.set(dish.id, { dish, times: (known?.times ?? 0) + 1, last: (known?.last ?? false) || n === 0 })
      })
    })
  return [...eaten.values()].sort((a, b) => b.times - a.times)
}
