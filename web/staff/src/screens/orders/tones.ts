import type { Order } from '@/api/types'

/** The colour that says how an order stands with its money. */
export function payTone(order: Pick<Order, 'state' | 'pay_state'>): 'plain' | 'gold' | 'green' | 'blue' | 'danger' {
  if (order.state === 'cancelled') return 'plain'
  return ({ unpaid: 'gold', part_paid: 'gold', paying: 'blue', paid: 'green' } as const)[order.pay_state as 'unpaid'] ?? 'danger'
}
