import type { Answer } from '@/api/client'
import { p, said } from './words'

export type Printer = Answer<'/v1/stores/{store_id}/printers', 'get'>[number]
export type Job = Answer<'/v1/stores/{store_id}/print-jobs', 'get'>['jobs'][number]

export const TONES: Readonly<Record<string, 'plain' | 'gold' | 'green' | 'danger' | 'blue'>> = {
  queued: 'gold', sent: 'blue', confirmed: 'green', unknown: 'danger', failed: 'danger', expired: 'danger',
}

/** Says what a job is: its purpose, its station, and whether it is a reprint. */
export function nameOf(job: Job): string {
  return [said('purpose', job.purpose), job.station, job.nth ? p('again_n', { n: job.nth }) : ''].filter(Boolean).join(' · ')
}

/** Whether a job still wants somebody to decide about it. */
export function wantsPerson(job: Job): boolean {
  return ['unknown', 'failed', 'expired'].includes(job.state) && !job.handled_at
}
