import type { Category, Dish, Menu } from '@/api/types'

/** What the wall shows at one time: a dish that leads, and those beside it. */
export interface MenuPage {
  readonly key: string
  readonly category: Category
  readonly hero: Dish
  readonly dishes: readonly Dish[]
}

export const PAGE_MAX = 7 // dishes
const SIGNATURE = /招牌|signature/i

/** Cuts the part of a menu that is served now into pages of nearly the same size; each is led by a dish of its own that can be had. */
export function pagesOf(menu: Menu): MenuPage[] {
  return menu.categories.filter((category) => category.open_now).flatMap((category) => {
    const count = Math.ceil(category.dishes.length / PAGE_MAX)
    const size = Math.ceil(category.dishes.length / Math.max(count, 1))
    return Array.from({ length: count }, (_, n) => {
      const dishes = category.dishes.slice(n * size, (n + 1) * size)
      const hero = lead(dishes)
      return { key: `${category.id}.${n}`, category, hero, dishes: dishes.filter((each) => each !== hero) }
    })
  })
}

function lead(dishes: readonly Dish[]): Dish {
  const there = dishes.filter((dish) => !dish.sold_out && dish.pictures.length > 0)
  return there.find((dish) => dish.tags.some((tag) => SIGNATURE.test(tag))) ?? there[0] ?? dishes[0]!
}
