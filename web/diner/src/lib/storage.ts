/** What is kept on the phone over reloads.  A full or refused storage loses convenience, never an order: the server has those. */

const PREFIX = 'gt.'

export function load<T>(key: string, otherwise: T): T {
  try {
    const raw = uni.getStorageSync(PREFIX + key) as string
    return raw ? (JSON.parse(raw) as T) : otherwise
  } catch {
    return otherwise
  }
}

export function keep(key: string, value: unknown): void {
  try {
    if (value === undefined || value === null) uni.removeStorageSync(PREFIX + key)
    else uni.setStorageSync(PREFIX + key, JSON.stringify(value))
  } catch {
    // private browsing with no storage: everything works until the page is closed
  }
}
