// Keeps the screens, the pictures and the menus that were seen, so that what is loaded anew without a network still opens.
// Answers to people (who is signed in, orders, members) are never kept.
const BASE = 'BASE_OF_SCREEN'
const OWN = `${BASE.replace(/\//g, '')}-`
const SHELL = `${OWN}VERSION_OF_BUILD`
const PICTURES = `${OWN}pictures`
const MENUS = `${OWN}menus`
const KEPT = [SHELL, PICTURES, MENUS]
const FILES = 'FILES'
const PATIENCE_MS = 4000
const PICTURES_MAX = 600

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith(OWN) && !KEPT.includes(name)) await caches.delete(name)
    await self.clients.claim()
  })())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (request.mode === 'navigate' && `${url.pathname}/`.startsWith(BASE)) event.respondWith(freshOr(request, SHELL, BASE))
  else if (url.pathname.startsWith(`${BASE}assets/`) || url.pathname.startsWith(`${BASE}static/`)) event.respondWith(keptOr(request, SHELL))
  else if (url.pathname.startsWith('/pictures/')) event.respondWith(keptOr(request, PICTURES))
  else if (/^\/v1\/(brand|stores|stores\/[^/]+|stores\/[^/]+\/(menu|offers))$/.test(url.pathname)) event.respondWith(freshOr(request, MENUS))
})

async function keptOr(request, name) {
  const cache = await caches.open(name)
  const kept = await cache.match(request)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok && (await cache.keys()).length < PICTURES_MAX) await cache.put(request, answer.clone())
  return answer
}

async function freshOr(request, name, page) {
  const cache = await caches.open(name)
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) })
    if (answer.ok) await cache.put(page ?? request, answer.clone())
    return answer
  } catch (error) {
    const kept = await cache.match(page ?? request)
    if (kept) return new Response(kept.body, { headers: { ...Object.fromEntries(kept.headers), 'x-kept': '1' } }) // nobody takes it for an answer of now
    throw error
  }
}
