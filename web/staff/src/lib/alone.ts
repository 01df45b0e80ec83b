/** Does something while no other tab of this browser does it; a browser without locks (a page that is not secure) does it all the same. */
export function alone<T>(name: string, does: () => Promise<T>): Promise<T> {
  const { locks } = navigator as Partial<Navigator>
  return locks ? (locks.request(`goodtaste.${name}`, does) as Promise<T>) : does()
}
