import { colors } from '../../../shared/tokens/tokens.json' // by its path: the build draws icons too

/** Line icons, 24 by 24, drawn for this app. */
export const ICONS = {
  home: '<path d="M4 11l8-7 8 7v8a1.5 1.5 0 0 1-1.5 1.5H15v-6H9v6H5.500A1.500 1.500 0 0 1 4 19z"/>',
  order: '<path d="M7 3v7a2.500 2.500 0 0 0 2.500 2.500V21M4.500 3v6M9.500 3v6M17 3c-2 1.500-3 4-3 7v3h3v8"/>',
  orders: '<path d="M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6"/>',
  me: '<circle cx="12" cy="8" r="4"/><path d="M4.500 20.500c.6-4 3.600-6 7.500-6s6.900 2 7.500 6"/>',
  search: '<circle cx="11" cy="11" r="6.500"/><path d="M16 16l4.500 4.500"/>',
  back: '<path d="M15 4l-8 8 8 8"/>',
  next: '<path d="M9 5l7 7-7 7"/>',
  close: '<path d="M6 6l12 12M18 6L6 18"/>',
  plus: '<path d="M12 5v14M5 12h14"/>',
  minus: '<path d="M5 12h14"/>',
  check: '<path d="M5 12.500l4.500 4.500L19 7.500"/>',
  pin: '<path d="M12 21s7-6.200 7-11.500a7 7 0 0 0-14 0C5 14.800 12 21 12 21z"/><circle cx="12" cy="9.500" r="2.500"/>',
  scan: '<path d="M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M4 12h16"/>',
  qr: '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2"/>',
  clock: '<circle cx="12" cy="12" r="8.500"/><path d="M12 7v5l3.500 2"/>',
  star: '<path d="M12 3.500l2.600 5.400 5.900.800-4.300 4.100 1.050 5.900L12 16.900l-5.250 2.800 1.050-5.900L3.500 9.700l5.900-.800z"/>',
  heart: '<path d="M12 20s-7.500-4.600-7.500-10.200A4.200 4.200 0 0 1 12 7.300a4.200 4.200 0 0 1 7.500 2.500C19.500 15.400 12 20 12 20z"/>',
  heart_full: '<path fill="currentColor" d="M12 20s-7.500-4.600-7.500-10.200A4.200 4.200 0 0 1 12 7.300a4.200 4.200 0 0 1 7.500 2.500C19.500 15.400 12 20 12 20z"/>',
  star_full: '<path fill="currentColor" d="M12 3.500l2.600 5.400 5.900.800-4.300 4.100 1.050 5.900L12 16.900l-5.250 2.800 1.050-5.900L3.500 9.700l5.900-.800z"/>',
  bin: '<path d="M5 7h14M10 4h4M7 7l1 13h8l1-13"/>',
} as const

export type IconName = keyof typeof ICONS
export type Ink = keyof typeof colors.light

/** Returns an icon as an address that an image takes, in a colour of the tokens. */
export function iconSrc(name: IconName, colour: Ink, width: number): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="${colors.light[colour]}" color="${colors.light[colour]}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round">${ICONS[name]}</svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
