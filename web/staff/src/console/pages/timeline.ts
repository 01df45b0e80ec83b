/** One thing that happened to a member. */
export interface Happening {
  readonly id: string
  readonly at: string
  readonly say: string
  readonly more?: string
  readonly kind: 'order' | 'coupon' | 'points' | 'level' | 'consent' | 'joined'
  readonly to?: string
}

export interface Source {
  /** Reads the page after what was read. */
  read(before: string): Promise<{ readonly happenings: readonly Happening[]; readonly next: string | null }>
}

interface Reading {
  readonly source: Source
  happenings: Happening[]
  next: string | null
}

/**
 * Merges what several lists tell, newest first. Each list is read a page at a time; only what is newer than the oldest thing that each
 * unfinished list has told is certain to be in its place, so the rest waits until the lists behind it are read on.
 */
export class Timeline {
  private readonly readings: Reading[]
  constructor(sources: readonly Source[]) {
    this.readings = sources.map((source) => ({ source, happenings: [], next: '' }))
  }

  get more(): boolean {
    return this.readings.some((each) => each.next !== null)
  }

  async readOn(): Promise<readonly Happening[]> {
    const edge = this.edge()
    const behind = this.readings.filter((each) => each.next !== null && (each.next === '' || each.happenings.at(-1)!.at >= edge))
    await Promise.all(
      behind.map(async (each) => {
        const page = await each.source.read(each.next ?? '')
        each.happenings.push(...page.happenings)
        each.next = page.happenings.length ? page.next : null
      }),
    )
    return this.told()
  }

  private edge(): string {
    return this.readings.filter((each) => each.next).reduce((newest, each) => (each.happenings.at(-1)!.at > newest ? each.happenings.at(-1)!.at : newest), '')
  }

  private told(): readonly Happening[] {
    const edge = this.edge()
    return this.readings
      .flatMap((each) => each.happenings)
      .filter((each) => each.at >= edge)
      .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
  }
}
