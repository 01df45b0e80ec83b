import type { Order } from '@/api/types'

const SHOWN = 4

/** The number of an order that people say to each other: the end of its id. */
export function numberOf(order: Pick<Order, 'id'> | null): string {
  return order ? order.id.slice(-SHOWN).toUpperCase() : ''
}
