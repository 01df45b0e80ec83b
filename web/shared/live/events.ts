/** An event of a stream: `id` is empty where it bears none. */
export interface Heard {
  readonly id: string
  readonly kind: string
  readonly data: string
}

/** Reads server-sent events from a stream as they come; a heartbeat is an event without a kind. Throws once nothing came for `silenceMs`. */
export async function* events(stream: ReadableStream<Uint8Array>, silenceMs: number): AsyncGenerator<Heard> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), silenceMs)
      if (done) return
      text += decoder.decode(value, { stream: true })
      const whole = text.split('\n\n')
      text = whole.pop() ?? ''
      for (const each of whole) yield eventOf(each)
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}

function eventOf(text: string): Heard {
  const fields = { id: '', event: '', data: '' }
  for (const line of text.split('\n')) {
    const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? []
    if (name) fields[name as keyof typeof fields] += value
  }
  return { id: fields.id, kind: fields.event, data: fields.data }
}

async function within<T>(found: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(new Error('the stream is silent')), ms)
  })
  try {
    return await Promise.race([found, late])
  } finally {
    clearTimeout(timer)
  }
}
