/** Times as a diner reads them, in the store's zone. */

export interface OpenHours {
  readonly weekday: number
  readonly opens: number
  readonly closes: number
}

const AHEAD_DAYS = 31 // a store that opens at none of these has no hours
const ZONE_MINUTES: Readonly<Record<string, number>> = { 'Asia/Shanghai': 480 }

export type Daypart = 'night' | 'morning' | 'noon' | 'afternoon' | 'evening'

export function daypart(hour: number): Daypart {
  if (hour < 5) return 'night'
  if (hour < 11) return 'morning'
  if (hour < 14) return 'noon'
  return hour < 17 ? 'afternoon' : hour < 22 ? 'evening' : 'night'
}

const two = (n: number) => String(n).padStart(2, '0')

/** Returns the wall clock of a store: China has one zone and no summer time; elsewhere the phone's own zone is taken. */
export function local(at: string | number | Date, zone = 'Asia/Shanghai'): Date {
  const moment = new Date(at)
  const minutes = ZONE_MINUTES[zone] ?? -moment.getTimezoneOffset()
  return new Date(moment.getTime() + minutes * 60_000)
}

export function clock(at: string | number, zone?: string): string {
  const wall = local(at, zone)
  return `${two(wall.getUTCHours())}:${two(wall.getUTCMinutes())}`
}

export function day(at: string | number, zone?: string): string {
  const wall = local(at, zone)
  return `${wall.getUTCFullYear()}-${two(wall.getUTCMonth() + 1)}-${two(wall.getUTCDate())}`
}

export const minutes = (n: number): string => `${two(Math.floor(n / 60) % 24)}:${two(n % 60)}`

/** The days of a store: those of each week, and dates with spans of their own, where none means closed. */
export interface Days {
  readonly hours: readonly OpenHours[]
  readonly special_days: readonly { readonly day: string; readonly spans: readonly { readonly opens: number; readonly closes: number }[] }[]
  readonly zone?: string
}

function spansOf({ hours, special_days }: Days, wall: Date, days: number): readonly { readonly opens: number; readonly closes: number }[] {
  const on = new Date(wall.getTime() + days * 86_400_000)
  const date = on.toISOString().slice(0, 10)
  return special_days.find((each) => each.day === date)?.spans ?? hours.filter((span) => span.weekday === (on.getUTCDay() + 6) % 7)
}

/** Returns when a store that is open closes (minutes of its day), null where it closes at no time today. */
export function closesAt(days: Days, at: number): number | null {
  const wall = local(at, days.zone)
  const now = wall.getUTCHours() * 60 + wall.getUTCMinutes()
  const today = spansOf(days, wall, 0).find((span) => span.opens <= now && now < span.closes)
  const late = spansOf(days, wall, -1).find((span) => now + 1440 < span.closes)
  if (late) return late.closes - 1440
  if (!today) return null
  return today.opens === 0 && today.closes === 1440 ? null : today.closes
}

/** Returns when a closed store opens next: how many days from now and at which minute; null where it has no hours. */
export function opensNext(of: Days, at: number): { days: number; minute: number } | null {
  const wall = local(at, of.zone)
  const now = wall.getUTCHours() * 60 + wall.getUTCMinutes()
  for (let days = 0; days < AHEAD_DAYS; days++) {
    const open = [...spansOf(of, wall, days)]
      .filter((span) => days > 0 || span.opens > now)
      .sort((a, b) => a.opens - b.opens)[0]
    if (open) return { days, minute: open.opens }
  }
  return null
}
