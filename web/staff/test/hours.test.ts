import { describe, expect, it } from 'vitest'
import { closing, spanOf, weekOf } from '@/console/kit/hours'
import { instantOf, wallOf } from '@/lib/time'
import { language } from '@/lib/words'

describe('the hours of a week', () => {
  it('end on the next day where they end no later than they begin', () => {
    expect([closing(1080, '02:00'), closing(600, '22:00'), closing(0, '00:00')]).toEqual([1560, 1320, 1440])
    expect(spanOf({ opens: 0, closes: 1440 })).toBe('00:00–24:00')
  })

  it('stand together where days that follow one another have the same', () => {
    language.value = 'en'
    const lunch = [0, 1, 2, 4].map((weekday) => ({ weekday, opens: 660, closes: 840 }))
    expect(weekOf(lunch)).toEqual(['Mon–Wed 11:00–14:00', 'Fri 11:00–14:00'])
  })
})

describe('an instant on the clock of a store', () => {
  it('is the same whatever the zone, through a change to summer time', () => {
    expect(instantOf('2026-11-23T18:30', 'Asia/Shanghai')).toBe('2026-11-23T10:30:00.000Z')
    for (const [local, zone] of [['2026-03-29T03:30', 'Europe/Berlin'], ['2026-10-25T01:30', 'Europe/Berlin'], ['2026-07-01T00:00', 'America/New_York']] as const) {
      expect(wallOf(instantOf(local, zone), zone)).toBe(local)
    }
  })
})
