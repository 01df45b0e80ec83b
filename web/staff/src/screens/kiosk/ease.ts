import { reactive } from 'vue'

/** What makes the kiosk easier for who stands, or sits, before it; over with them. */
export const ease = reactive({ reach: false, large: false, contrast: false })

export function plain(): void {
  Object.assign(ease, { reach: false, large: false, contrast: false })
}
