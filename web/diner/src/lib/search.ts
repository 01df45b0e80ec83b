/** Finds dishes by characters, by pinyin and by initials: 红烧肉 is found by 烧, hongshao, hsr and hongsr. */
import { READINGS } from './pinyin-table'

let readings: Map<string, string[]> | null = null

function table(): Map<string, string[]> {
  if (readings) return readings
  readings = new Map()
  for (const group of READINGS.split(' ')) {
    const syllable = /^[a-z]+/.exec(group)?.[0] ?? ''
    for (const character of group.slice(syllable.length)) readings.set(character, [...(readings.get(character) ?? []), syllable])
  }
  return readings
}

/** Returns how each character of a name may be written in letters. */
export function spelled(name: string): string[][] {
  const known = table()
  return [...name.toLowerCase()].filter((c) => /\S/.test(c)).map((c) => known.get(c) ?? [c])
}

/** Tells whether letters spell the name from some character on, each character by its whole reading or the beginning of one. */
export function spells(units: readonly (readonly string[])[], letters: string): boolean {
  const from = (unit: number, rest: string): boolean => {
    if (rest === '') return true
    const ways = units[unit]
    if (ways === undefined) return false
    return ways.some((way) => {
      for (let n = way.length; n > 0; n--) {
        if (rest.length <= n && way.startsWith(rest)) return true
        if (n <= rest.length && rest.startsWith(way.slice(0, n)) && (n === way.length || n === 1 || /^[zcs]h$/.test(way.slice(0, n)))) {
          if (from(unit + 1, rest.slice(n))) return true
        }
      }
      return false
    })
  }
  return units.some((_, start) => from(start, letters))
}

const QUERY_MAX = 30

/** Returns what matches a query, in the order given; everything where the query is empty. */
export function search<T extends { readonly name: string; readonly description?: string; readonly tags?: readonly string[] }>(
  all: readonly T[],
  query: string,
): T[] {
  const asked = query.trim().toLowerCase().slice(0, QUERY_MAX).replace(/\s+/g, ' ')
  if (!asked) return [...all]
  const letters = /^[a-z' ]+$/.test(asked) ? asked.replace(/[' ]/g, '') : ''
  const rank = (each: T): number => {
    const name = each.name.toLowerCase()
    if (name.startsWith(asked)) return 0
    if (name.includes(asked)) return 1
    if (letters && spells(spelled(name), letters)) return 2
    return [each.description ?? '', ...(each.tags ?? [])].some((text) => text.toLowerCase().includes(asked)) ? 3 : 9
  }
  return all
    .map((each) => ({ each, at: rank(each) }))
    .filter(({ at }) => at < 9)
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each)
}
