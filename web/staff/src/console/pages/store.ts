import type { components } from '@shared/api/made/schema'
import type { Store } from '@/api/types'

type Minimum = components['schemas']['Minimum']

const NO_FEES = { packaging_fen: 0, delivery_fen: 0, delivers: false, delivery_minimum_fen: 0, tea_fen: 0, service_bp: 0, round_to_fen: 0 }

/** What of a store is written on its page, as it is. */
export function detailsOf(store: Store) {
  const { name, name_en, city, address, address_en, phone, licence, latitude_e6, longitude_e6, zone, day_start_minute, tables_pay } = store
  const minimums = ((store.fees.minimums ?? []) as readonly Minimum[]).map(({ area = '', table_fen = 0, person_fen = 0 }) => ({ area, table_fen, person_fen }))
  return {
    name, name_en, city, address, address_en, phone, licence, latitude_e6, longitude_e6, zone, day_start_minute, tables_pay,
    hours: store.hours.map((each) => ({ ...each })), fees: { ...NO_FEES, ...store.fees, minimums },
  }
}
export type StoreValues = ReturnType<typeof detailsOf>
