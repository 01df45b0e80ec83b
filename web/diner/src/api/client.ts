/**
 * The API, typed by its own description, over `uni.request`: a mini-program has no fetch.
 *
 * What is wrong comes as a `Problem`, whose `message` is a sentence to show.  An access token that ran out is renewed once, by one
 * request for all that wait.  Nothing is repeated by itself but reads: whoever writes keeps its id (`lib/intents`) and sends it again.
 */
import type { paths } from '@shared/api/made/schema'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type Routes<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never
}[keyof paths]
type Route<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never
type Done = 200 | 201 | 204
type Answer<O> = O extends { responses: infer R }
  ? { [S in keyof R & Done]: R[S] extends { content: { 'application/json': infer J } } ? J : void }[keyof R & Done]
  : never
type PathOf<O> = O extends { parameters: { path: infer P } } ? { path: P } : object
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? { query?: Q } : object
type BodyOf<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B } : object
type Asked<O> = PathOf<O> & QueryOf<O> & BodyOf<O>
type Parameters<O> = object extends Asked<O> ? [asked?: Asked<O>] : [asked: Asked<O>]

/** What the server said no to, or what kept it from answering (`status` 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    detail: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title)
  }
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export interface Surroundings {
  readonly house: string
  language(): string
  tokens(): Tokens | null
  /** The token of the table where this phone sits. */
  seating(): string | null
  renewed(tokens: Tokens | null): void
  say(code: 'offline' | 'broken'): string
  /** Whether what was sent was answered. */
  line(answered: boolean): void
}

const TIMEOUT_MS = 12_000
const WAIT_MS = 600

interface Sent {
  path?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
}

/** Returns who asks, and in which language. */
export const headersOf = (here: Surroundings, url: string, token: string | undefined): Record<string, string> => ({
  'accept-language': here.language(),
  ...(token ? { authorization: `Bearer ${token}` } : {}),
  ...(/\/v1\/seating\b/.test(url) ? { 'seating-token': here.seating() ?? '' } : {}),
})

export function makeClient(here: Surroundings) {
  let renewing: Promise<boolean> | null = null

  const once = (method: string, url: string, data: unknown, token: string | undefined): Promise<{ status: number; data: unknown }> =>
    new Promise((resolve, reject) => {
      uni.request({
        url,
        method: method.toUpperCase() as 'GET',
        data: data as AnyObject,
        timeout: TIMEOUT_MS,
        header: headersOf(here, url, token),
        success: (reply) => {
          here.line(!reply.header?.['x-kept']) // the worker answers for a house that cannot be reached
          resolve({ status: reply.statusCode, data: reply.data })
        },
        fail: () => {
          here.line(false)
          reject(new Problem(0, 'offline', '', here.say('offline')))
        },
      })
    })

  /** Renews the tokens that had `used`, unless another page of this phone did it meanwhile. */
  const renew = async (used: string): Promise<boolean> => {
    const held = here.tokens()
    if (held === null) return false
    if (held.access_token !== used) return true
    const reply = await once('post', `${here.house}/v1/sessions/refresh`, { refresh_token: held.refresh_token }, undefined)
    if (reply.status >= 500) throw problem(reply, here)
    here.renewed(reply.status < 300 ? (reply.data as Tokens) : null)
    return reply.status < 300
  }

  const call = async (method: Method, route: string, sent: Sent = {}): Promise<unknown> => {
    const path = route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(sent.path?.[name])))
    const url = here.house + path + asQuery(sent.query)
    const token = here.tokens()?.access_token
    let reply = await patiently(method, () => once(method, url, sent.body, token))
    if (reply.status === 401 && token) {
      renewing ??= renew(token).finally(() => (renewing = null))
      if (await renewing) reply = await once(method, url, sent.body, here.tokens()?.access_token)
    }
    if (reply.status >= 300 || reply.status === 0) throw problem(reply, here)
    return reply.data
  }

  const verb =
    <M extends Method>(method: M) =>
    <P extends Routes<M>>(route: P, ...[asked]: Parameters<Route<P, M>>): Promise<Answer<Route<P, M>>> =>
      call(method, route as string, asked as Sent) as Promise<Answer<Route<P, M>>>

  return { get: verb('get'), post: verb('post'), put: verb('put'), patch: verb('patch'), delete: verb('delete') }
}

/** Sends a read a second time where the line broke. */
async function patiently<T>(method: Method, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (method !== 'get') throw error
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
    return send()
  }
}

function asQuery(query: Record<string, unknown> | undefined): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null)
  return pairs.length ? `?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}` : ''
}

function problem(reply: { status: number; data: unknown }, here: Surroundings): Problem {
  const said = (typeof reply.data === 'object' && reply.data !== null ? reply.data : {}) as Partial<Record<string, unknown>>
  const word = (key: string) => (typeof said[key] === 'string' ? String(said[key]) : '')
  if (!word('code')) return new Problem(reply.status, 'broken', '', here.say('broken'))
  return new Problem(reply.status, word('code'), word('title'), word('detail'), said['facts'] as Record<string, unknown>)
}
