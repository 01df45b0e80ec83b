import { language } from '@/lib/words'

/** Hours of a weekday (0: Monday) in minutes after midnight; beyond 1440 on the next day. */
export interface Hours {
  weekday: number
  opens: number
  closes: number
}
export const DAY = 24 * 60
export const WEEK = [0, 1, 2, 3, 4, 5, 6] as const

export const clockOf = (minute: number): string => `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
export const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))
/** Returns when a span that opens at `opens` ends, where its end reads `clock`: on the next day where that is not later. */
export const closing = (opens: number, clock: string): number => (minuteOf(clock) <= opens ? minuteOf(clock) + DAY : minuteOf(clock))
export const spanOf = ({ opens, closes }: { readonly opens: number; readonly closes: number }): string => `${clockOf(opens)}–${closes === DAY ? '24:00' : clockOf(closes)}`

export function weekday(n: number, width: 'long' | 'short' = 'long'): string {
  return new Intl.DateTimeFormat(language.value, { weekday: width, timeZone: 'UTC' }).format(new Date(Date.UTC(2026, 0, 5 + n)))
}

/** The spans of a weekday in words, '' where there is none. */
export const spansOf = (hours: readonly Readonly<Hours>[], n: number): string => hours.filter((each) => each.weekday === n).map(spanOf).join(' · ')

/** A week in a few lines: days that follow one another with the same hours stand together. */
export function weekOf(hours: readonly Readonly<Hours>[]): string[] {
  const runs: { from: number; to: number; say: string }[] = []
  for (const n of WEEK) {
    const text = spansOf(hours, n)
    const last = runs.at(-1)
    if (last?.say === text) last.to = n
    else runs.push({ from: n, to: n, say: text })
  }
  return runs.filter((each) => each.say).map(({ from, to, say }) => `${weekday(from, 'short')}${to > from ? `–${weekday(to, 'short')}` : ''} ${say}`)
}
