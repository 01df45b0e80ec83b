import type { Dish, Menu } from '@/api/types'

/** Why a dish is offered beside what was chosen; never a reason that is made up. */
export type Why = 'why_drink' | 'why_sweet' | 'why_favourite'
export interface Pick {
  readonly dish: Dish
  readonly why: Why
}

const SIGNATURE = /招牌|signature/i
const KINDS: readonly (readonly [Why, RegExp])[] = [
  ['why_drink', /饮|茶|drink/i],
  ['why_sweet', /甜|dessert|sweet/i],
]

export const isSignature = (dish: Dish): boolean => dish.tags.some((tag) => SIGNATURE.test(tag))

/** Tells whether a dish can be taken with one touch: nothing of it has to be chosen. */
export const isSimple = (dish: Dish): boolean => dish.skus.length === 1 && dish.groups.every((group) => group.min_picks === 0) && dish.slots.every((slot) => slot.choices.length === 1)

/** Returns up to `most` dishes for who has none of their kind yet: a drink, something sweet, then what the house is known for. */
export function picksFor(menu: Menu, chosen: ReadonlySet<string>, most = 4): Pick[] {
  const open = menu.categories.filter((category) => category.open_now)
  const free = (dish: Dish): boolean => !dish.sold_out && !chosen.has(dish.id)
  const found: Pick[] = []
  for (const [why, name] of KINDS) {
    const of = open.filter((category) => name.test(category.name)).flatMap((category) => category.dishes)
    if (of.some((dish) => chosen.has(dish.id))) continue
    found.push(...of.filter((dish) => free(dish) && isSimple(dish)).slice(0, 2).map((dish) => ({ dish, why })))
  }
  const rest = open.flatMap((category) => category.dishes).filter((dish) => free(dish) && isSignature(dish) && !found.some((each) => each.dish.id === dish.id))
  return [...found, ...rest.map((dish) => ({ dish, why: 'why_favourite' as const }))].slice(0, most)
}
