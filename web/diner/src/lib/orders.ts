/** What an order means to its diner. */
import type { Order } from '@/api/shapes'

export const STEPS = ['placed', 'accepted', 'preparing', 'ready', 'handed_over'] as const

const DONE = new Set(['completed', 'served', 'picked_up', 'delivered', 'handed_over'])

/** Returns how far an order is, as a place in `STEPS`. */
export function stepOf(order: Order): number {
  if (DONE.has(order.state)) return STEPS.length - 1
  return Math.max(0, (STEPS as readonly string[]).indexOf(order.state))
}

export const isOver = (order: Order): boolean => order.state === 'completed' || order.state === 'cancelled'
export const isUnpaid = (order: Order): boolean => order.state !== 'cancelled' && order.pay_state === 'unpaid' && order.due_fen > 0
export const isPaying = (order: Order): boolean => order.state !== 'cancelled' && order.pay_state === 'paying'

/** Returns the code of what to tell the diner now. */
export function tellOf(order: Order): string {
  if (order.state === 'cancelled') return 'cancelled'
  if (isPaying(order)) return 'paying'
  if (isUnpaid(order) && order.kind !== 'dine_in') return 'unpaid'
  if (order.state === 'ready' && order.kind === 'dine_in') return 'ready_table'
  if (order.state === 'ready' && order.kind === 'delivery') return 'ready_delivery'
  return order.state === 'served' || order.state === 'picked_up' || order.state === 'delivered' ? 'handed_over' : order.state
}
