/** Where the diner goes. */

export const TABS = { home: '/pages/home/index', order: '/pages/order/index', orders: '/pages/orders/index', me: '/pages/me/index' } as const
export type Tab = keyof typeof TABS

export const tab = (to: Tab): void => void uni.switchTab({ url: TABS[to] })

export const open = (page: string, query: Readonly<Record<string, string>> = {}): void => void uni.navigateTo({ url: address(page, query) })

export const instead = (page: string, query: Readonly<Record<string, string>> = {}): void => void uni.redirectTo({ url: address(page, query) })

/** Goes back where there is a page to go back to, else home: a page may have been opened by its address. */
export function back(): void {
  if (getCurrentPages().length > 1) uni.navigateBack()
  else tab('home')
}

function address(page: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
  return `/${page}/index${pairs.length ? `?${pairs.join('&')}` : ''}`
}

/** Leads to a page of somebody else, such as a wallet: in a page of its own, so that this one stays. */
export function abroad(url: string): void {
  // #ifdef H5
  window.open(url, '_blank', 'noopener')
  // #endif
  // #ifndef H5
  uni.setClipboardData({ data: url })
  // #endif
}
