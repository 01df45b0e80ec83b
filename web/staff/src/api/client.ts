import type { paths } from '@shared/api/made/schema'
import { language, type Language } from '@/lib/words'
import { net } from '@/lib/net'

/** A refusal as the server tells it (RFC 9457): what is wrong, what to do, and the facts behind it. */
export interface Problem {
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly status: number
  readonly trace: string
  readonly facts?: Readonly<Record<string, unknown>>
}

/** The server said no, for a reason. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title)
  }
}

/** No reply came: what was asked may have been done or not. Send the same ids again. */
export class NoAnswer extends Error {}

type Method = 'get' | 'post' | 'put' | 'delete' | 'patch'
type Op<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never
type BodyOf<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined
type PathOf<O> = O extends { parameters: { path: infer A } } ? A : undefined
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? Q : undefined
type AnswerOf<O> = O extends { responses: infer R }
  ? { [S in keyof R]: S extends 200 | 201 ? (R[S] extends { content: { 'application/json': infer B } } ? B : undefined) : never }[keyof R]
  : never

export type Routes<M extends Method> = { [P in keyof paths]: Op<P, M> extends never ? never : undefined extends Op<P, M> ? never : P }[keyof paths]
export type Body<P extends keyof paths, M extends Method> = BodyOf<Op<P, M>>
export type Answer<P extends keyof paths, M extends Method> = AnswerOf<Op<P, M>>

export interface Asking<O> {
  readonly at?: PathOf<O>
  readonly query?: QueryOf<O>
  readonly body?: BodyOf<O>
  /** A file that is sent as it is, in place of a body. */
  readonly file?: Blob
  readonly as?: Caller
  /** A token that is carried by nobody here, in place of the caller's. */
  readonly token?: string
  readonly signal?: AbortSignal
  /** The language of the answer, where it is not that of the screen. */
  readonly language?: Language
}

/** Streams of the API. */
export type Live = Extract<Routes<'get'>, `${string}/live`>

interface How {
  readonly signal: AbortSignal
  readonly headers?: Record<string, string>
}

/** Who asks: the person who is signed in, the paired device, or nobody. */
export type Caller = 'person' | 'terminal' | 'nobody'

export interface Bearer {
  /** Gives the access token of a caller, fresh; null where nobody is signed in. */
  token(caller: Caller, again: boolean): Promise<string | null>
  /** Hears that the session of a caller has ended. */
  ended(caller: Caller): void
}

const PATIENCE_MS = 15_000
const PATIENCE_FILE_MS = 180_000
const OVER = new Set(['auth.session_ended', 'auth.not_signed_in', 'auth.bad_token'])
let bearer: Bearer = { token: async () => null, ended: () => undefined }

export function carry(by: Bearer): void {
  bearer = by
}

/** Asks the server once; typed by its own description of the route. Throws `Refused` or `NoAnswer`. */
export async function ask<P extends keyof paths, M extends Method>(method: M, path: P, asking: Asking<Op<P, M>> = {}): Promise<Answer<P, M>> {
  const signals = [AbortSignal.timeout(asking.file ? PATIENCE_FILE_MS : PATIENCE_MS), ...(asking.signal ? [asking.signal] : [])]
  return read(await tried(method, path, asking, { signal: AbortSignal.any(signals) }))
}

/** Opens a stream of events that goes on after `lastId`, until `signal` ends it. Throws `Refused` or `NoAnswer`. */
export async function listen<P extends Live>(path: P, asking: Asking<Op<P, 'get'>> & { readonly signal: AbortSignal }, lastId: string): Promise<ReadableStream<Uint8Array>> {
  const headers = { accept: 'text/event-stream', ...(lastId ? { 'last-event-id': lastId } : {}) }
  const answer = await tried('get', path, asking, { signal: asking.signal, headers })
  return answer.ok && answer.body ? answer.body : read(answer)
}

/** Asks for a file, and has the browser keep it under the name that the server gave it. Throws as `ask` does. */
export async function download<P extends keyof paths, M extends Method>(method: M, path: P, asking: Asking<Op<P, M>> = {}): Promise<void> {
  const answer = await tried(method, path, asking, { signal: AbortSignal.timeout(PATIENCE_FILE_MS) })
  if (!answer.ok) return read(answer)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? 'download'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE_MS)
}

/** Sends once more, with a fresh token, what was not let in. */
async function tried<O>(method: Method, path: string, asking: Asking<O>, how: How): Promise<Response> {
  const caller = asking.as ?? 'person'
  const answer = await send(method, path, asking, how, asking.token ?? (await bearer.token(caller, false)))
  if (answer.status !== 401 || asking.token || caller === 'nobody') return answer
  const fresh = await bearer.token(caller, true)
  const second = fresh ? await send(method, path, asking, how, fresh) : answer
  if (second.status === 401 && OVER.has((await second.clone().json()).code)) bearer.ended(caller)
  return second
}

async function send<O>(method: Method, path: string, asking: Asking<O>, how: How, token: string | null): Promise<Response> {
  const at = (asking.at ?? {}) as Record<string, string>
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries((asking.query ?? {}) as Record<string, unknown>)) if (value != null) query.set(name, String(value))
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(at[name] ?? '')) + (query.size ? `?${query}` : '')
  const headers: Record<string, string> = { 'accept-language': asking.language ?? language.value, ...how.headers }
  if (token) headers['authorization'] = `Bearer ${token}`
  if (asking.file) headers['content-type'] = 'application/octet-stream'
  else if (asking.body !== undefined) headers['content-type'] = 'application/json'
  try {
    const answer = await fetch(address, {
      method: method.toUpperCase(),
      headers,
      body: asking.file ?? (asking.body === undefined ? null : JSON.stringify(asking.body)),
      signal: how.signal,
      cache: 'no-cache',
    })
    if (answer.headers.has('x-kept')) net.missed()
    else net.heard()
    return answer
  } catch (error) {
    if (asking.signal?.aborted) throw error
    net.missed()
    throw new NoAnswer(path)
  }
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.status === 204) return undefined as T
  const body: unknown = await answer.json().catch(() => undefined)
  if (answer.ok) return body as T
  // A gateway in front may answer with a page of its own: nobody knows then whether the request arrived.
  if (body === undefined || typeof body !== 'object' || body === null || !('code' in body)) throw new NoAnswer(String(answer.status))
  if ((body as Problem).code === 'kernel.no_answer') throw new NoAnswer('kernel.no_answer')
  throw new Refused(body as Problem)
}
