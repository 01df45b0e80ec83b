import type { Body } from '@/api/client'
import { ask } from '@/api/client'
import type { Dish } from './shelf'

const BETWEEN = /[、，,;；]\s*|\n/

/** What of a dish is written on its page: as it is, but for lists of words, which are one line. */
export function valuesOf(dish: Dish) {
  const { id: _id, code: _code, version: _version, tags, allergens, kind, skus, groups, slots, ...plain } = dish
  return {
    ...plain,
    tags: tags.join('、'),
    allergens: allergens.join('、'),
    pictures: [...dish.pictures],
    skus: skus.map(({ dish_id: _of, ...each }) => each),
    groups: groups.map((each) => ({ ...each, options: each.options.map((option) => ({ ...option })) })),
    slots: slots.map((each) => ({ ...each, choices: each.choices.map((choice) => ({ ...choice })) })),
    kind: kind as 'dish' | 'set',
  }
}
export type DishValues = ReturnType<typeof valuesOf>
export type SkuValues = DishValues['skus'][number]
export type GroupValues = DishValues['groups'][number]
export type SlotValues = DishValues['slots'][number]

const split = (line: string): string[] => line.split(BETWEEN).map((each) => each.trim()).filter(Boolean)

/** Saves a dish over the version that was seen. */
export function saveDish(id: string, values: DishValues, version: number): Promise<Dish> {
  const pictures = values.pictures.map((each) => each.trim()).filter(Boolean)
  const body: Body<'/v1/menu/dishes/{dish_id}', 'put'> = { ...values, pictures, tags: split(values.tags), allergens: split(values.allergens), version }
  return ask('put', '/v1/menu/dishes/{dish_id}', { at: { dish_id: id }, body })
}
