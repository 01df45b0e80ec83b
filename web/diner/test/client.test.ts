import { beforeEach, describe, expect, test } from 'vitest'
import { makeClient, Problem, type Tokens } from '@/api/client'
import { phone } from './phone'

let tokens: Tokens | null
let client: ReturnType<typeof makeClient>
beforeEach(() => {
  tokens = { access_token: 'old', refresh_token: 'r1' }
  client = makeClient({ house: 'http://h', language: () => 'en', tokens: () => tokens, renewed: (held) => void (tokens = held), seating: () => null, say: (code) => code, line: () => undefined })
})
const token = (header: Record<string, string>) => header['authorization']

describe('an access token that ran out', () => {
  test('is renewed once for all who wait, and nobody notices', async () => {
    phone.server = ({ url, header }) => {
      if (url.endsWith('/refresh')) return { status: 200, data: { access_token: 'new', refresh_token: 'r2' } }
      return token(header) === 'Bearer new' ? { status: 200, data: { available: 7 } } : { status: 401, data: { code: 'auth.expired' } }
    }
    const all = await Promise.all([client.get('/v1/me/points'), client.get('/v1/me/points'), client.get('/v1/me/level')])
    expect(all).toHaveLength(3)
    expect(phone.asked.filter((asked) => asked.endsWith('/refresh'))).toHaveLength(1)
    expect(tokens).toEqual({ access_token: 'new', refresh_token: 'r2' })
  })

  test('that another page renewed meanwhile is not renewed again', async () => {
    phone.server = ({ header }) => {
      if (token(header) === 'Bearer theirs') return { status: 200, data: {} }
      tokens = { access_token: 'theirs', refresh_token: 'r9' }
      return { status: 401, data: { code: 'auth.expired' } }
    }
    await client.get('/v1/me')
    expect(phone.asked.some((asked) => asked.endsWith('/refresh'))).toBe(false)
  })

  test('and cannot be renewed signs this phone out, with the server’s sentence', async () => {
    phone.server = () => ({ status: 401, data: { code: 'auth.not_signed_in', title: '请登录', detail: '请登录后再试。' } })
    await expect(client.get('/v1/me')).rejects.toMatchObject({ status: 401, message: '请登录后再试。' })
    expect(tokens).toBeNull()
  })

  test('stays where the house is down: nobody is signed out by a fault of ours', async () => {
    phone.server = ({ url }) => (url.endsWith('/refresh') ? { status: 503, data: {} } : { status: 401, data: { code: 'auth.expired' } })
    await expect(client.get('/v1/me')).rejects.toBeInstanceOf(Problem)
    expect(tokens?.refresh_token).toBe('r1')
  })
})

test('a read is asked a second time where the line broke, a write is not', async () => {
  await expect(client.get('/v1/stores')).rejects.toMatchObject({ status: 0, code: 'offline' })
  expect(phone.asked).toHaveLength(2)
  phone.asked = []
  await expect(client.post('/v1/auth/phone/code', { body: { phone: '13900000001', purpose: 'login' } })).rejects.toMatchObject({ code: 'offline' })
  expect(phone.asked).toHaveLength(1)
})

test('what is no problem+json is told in our own words', async () => {
  phone.server = () => ({ status: 502, data: '<html>Bad gateway</html>' })
  await expect(client.get('/v1/stores')).rejects.toMatchObject({ status: 502, code: 'broken', message: 'broken' })
})

test('a path never carries what is not in it', async () => {
  phone.server = () => ({ status: 200, data: {} })
  await client.get('/v1/tables/{code}', { path: { code: '../me?x=1' } })
  expect(phone.asked).toEqual(['GET http://h/v1/tables/..%2Fme%3Fx%3D1'])
})

test('wrong questions do not compile', () => {
  const never = () => {
    // @ts-expect-error there is no such route
    void client.get('/v1/nowhere')
    // @ts-expect-error a sign-in needs a code
    void client.post('/v1/auth/phone', { body: { phone: '139' } })
    // @ts-expect-error the order is named in the path
    void client.get('/v1/orders/{order_id}')
  }
  expect(never).toBeTypeOf('function')
})
