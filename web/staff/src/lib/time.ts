import { language } from './words'

/** Writes the time of day of an instant on the store's clock. */
export function clockOf(at: string, zone = 'Asia/Shanghai'): string {
  return new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', hour12: false, timeZone: zone }).format(new Date(at))
}

/** Writes day and time of an instant on the store's clock, with its year where that is another than this one. */
export function dayAndClockOf(at: string, zone = 'Asia/Shanghai'): string {
  const other = new Date(at).getFullYear() !== new Date().getFullYear()
  const parts = { ...(other ? ({ year: 'numeric' } as const) : {}), month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false, timeZone: zone } as const
  return new Intl.DateTimeFormat(language.value, parts).format(new Date(at))
}

/** Writes an instant as a clock in a zone shows it: 2026-11-23T09:30, as fields for day and time take it. */
export function wallOf(at: string | number, zone: string): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone } as const
  return new Intl.DateTimeFormat('sv-SE', parts).format(new Date(at)).replace(' ', 'T')
}

/** Returns the instant at which a clock in a zone shows 2026-11-23T09:30; where the clocks skip it, the one as long after the hour before. */
export function instantOf(wall: string, zone: string): string {
  const meant = Date.parse(`${wall}Z`)
  const off = (at: number): number => Date.parse(`${wallOf(at, zone)}Z`) - at
  return new Date(meant - off(meant - off(meant))).toISOString()
}
