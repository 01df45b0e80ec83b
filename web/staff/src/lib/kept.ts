/** What this browser keeps between loads. A browser that keeps nothing (private mode, full disk) is no fault. */
const PREFIX = 'goodtaste.'

export function kept<T>(name: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(PREFIX + name)
    return text === null ? otherwise : (JSON.parse(text) as T)
  } catch {
    return otherwise
  }
}

export function keep(name: string, value: unknown): void {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, JSON.stringify(value))
  } catch {
    /* kept for this load only */
  }
}

/** Calls back when another tab of this browser changes what is kept under `name`. */
export function onKeptElsewhere(name: string, heard: () => void): void {
  addEventListener('storage', (event) => {
    if (event.key === PREFIX + name) heard()
  })
}
