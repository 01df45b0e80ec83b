/** A shelf of the browser (IndexedDB) for what must outlive a reload, a crash and the session: it is written before anything is said to be kept. */
const BASE = 'goodtaste'
const SHELF = 'outbox'

export interface Kept {
  readonly id: string
}

let opened: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((done, failed) => {
    const asked = indexedDB.open(BASE, 1)
    asked.onupgradeneeded = () => asked.result.createObjectStore(SHELF, { keyPath: 'id' })
    asked.onsuccess = () => done(asked.result)
    asked.onerror = () => failed(asked.error)
  }).catch((error: unknown) => {
    opened = null
    throw error
  })
  return opened
}

async function work<T>(mode: IDBTransactionMode, does: (shelf: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const base = await open()
  return new Promise((done, failed) => {
    const act = base.transaction(SHELF, mode, { durability: 'strict' })
    const asked = does(act.objectStore(SHELF))
    act.oncomplete = () => done(asked.result)
    act.onerror = act.onabort = () => failed(act.error)
  })
}

/** Returns all that lies on the shelf, oldest first. */
export async function all<T extends Kept>(): Promise<readonly T[]> {
  return work('readonly', (shelf) => shelf.getAll() as IDBRequest<T[]>) // ids are UUIDv7: their order is that of time
}

/** Puts a thing on the shelf, in place of what lies there under its id; returns once it is on the disk. */
export async function put(thing: Kept): Promise<void> {
  await work('readwrite', (shelf) => shelf.put(JSON.parse(JSON.stringify(thing))))
}

export async function take(id: string): Promise<void> {
  await work('readwrite', (shelf) => shelf.delete(id))
}
