import { shallowRef } from 'vue'

/** What is found by its name, and by what else it is called. */
export interface Findable {
  readonly name: string
  readonly tags: readonly string[]
}

interface Entry {
  readonly text: string
  readonly full: string
  readonly initials: string
}

type Pinyin = typeof import('pinyin-pro').pinyin
const pinyin = shallowRef<Pinyin | null>(null) // what was looked for before it came is looked for again
const entries = new WeakMap<Findable, Entry>()

/** Fetches the table of readings, once; until it is there, dishes are found by their characters alone. */
export async function readReadings(): Promise<void> {
  pinyin.value ??= (await import('pinyin-pro')).pinyin
}

function entryOf(dish: Findable): Entry {
  const made = entries.get(dish)
  if (made && (made.full || !pinyin.value)) return made
  const text = [dish.name, ...dish.tags].join(' ').toLowerCase()
  const read = pinyin.value?.(dish.name, { toneType: 'none', type: 'array', nonZh: 'consecutive' }) ?? []
  const entry = { text, full: read.join('').toLowerCase(), initials: read.map((each) => each.slice(0, 1)).join('').toLowerCase() }
  entries.set(dish, entry)
  return entry
}

/** Finds dishes by characters, pinyin or initials of pinyin, the best fits first; every dish for no text. */
export function find<D extends Findable>(dishes: readonly D[], asked: string): readonly D[] {
  const text = asked.trim().toLowerCase().replace(/\s+/g, '')
  if (!text) return dishes
  const ranked: { dish: D; rank: number }[] = []
  for (const dish of dishes) {
    const rank = rankOf(entryOf(dish), text)
    if (rank < 9) ranked.push({ dish, rank })
  }
  return ranked.sort((a, b) => a.rank - b.rank).map((each) => each.dish)
}

function rankOf(entry: Entry, text: string): number {
  if (entry.text.startsWith(text)) return 0
  if (entry.initials.startsWith(text)) return 1
  if (entry.full.startsWith(text)) return 2
  if (entry.text.replace(/\s+/g, '').includes(text)) return 3
  if (entry.initials.includes(text)) return 4
  return entry.full.includes(text) ? 5 : 9
}
