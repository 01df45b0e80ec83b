import type { Body } from '@/api/client'

export type Role = Body<'/v1/staff/{staff_id}/roles', 'post'>['role']
export const ROLES: readonly Role[] = ['cashier', 'waiter', 'kitchen', 'store_manager', 'marketer', 'analyst', 'finance', 'auditor', 'hq_admin']
