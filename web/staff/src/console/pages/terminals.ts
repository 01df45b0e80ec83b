import type { Body } from '@/api/client'

export type TerminalKind = Body<'/v1/terminals/pairings', 'post'>['kind']
export const KINDS: readonly TerminalKind[] = ['pos', 'kiosk', 'waiter', 'kitchen', 'board', 'node']
