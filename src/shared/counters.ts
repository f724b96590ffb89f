/** What a node has dropped, refused, ignored or given up, by reason. */
export type Losses = Readonly<Record<string, number>>;

export interface LossSource {
  /** Type of the node. */
  stage: string;
  name: string;
  losses(): Losses;
}

/** All running nodes of this process that count losses: for pages that show them all. */
class LossRegistry {
  private readonly sources = new Map<string, LossSource>();

  /** @param id of the node */
  add(id: string, source: LossSource): void {
    this.sources.set(id, source);
  }

  remove(id: string): void {
    this.sources.delete(id);
  }

  *all(): Generator<{ stage: string; name: string; reason: string; count: number }> {
    for (const { stage, name, losses } of this.sources.values()) {
      for (const [reason, count] of Object.entries(losses())) yield { stage, name, reason, count };
    }
  }
}

export const lossRegistry = new LossRegistry();

/** Records, values and requests together: meters are counted beside them, by what came of them. */
export function totalOf({ metersRefused: _, ...losses }: Losses): number {
  return Object.values(losses).reduce((sum, count) => sum + count, 0);
}
