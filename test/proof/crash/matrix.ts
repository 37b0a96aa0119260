import { live, type Life } from './life.ts';

export interface MatrixReport {
  readonly points: number;
  /** Points at which the host was killed, once each. */
  readonly killedAt: readonly string[];
  /** Points that this life did not come by: which task sees what first is a matter of time. */
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
}

/**
 * Lives once undisturbed to learn the points, then once for each of them in the order given by `order`,
 * killed there, until `until` (epoch milliseconds).
 * @param least so many points are killed at, however slow the machine is
 */
export async function crashMatrix(
  life: Life,
  until: number,
  order: (points: readonly string[]) => readonly string[] = (points) => points,
  least = 1,
): Promise<MatrixReport> {
  const calm = await live(life, {});
  const wrong = calm.wrong.map((each) => `${life.name}, undisturbed: ${each}`);
  const killedAt: string[] = [];
  const missed: string[] = [];
  for (const at of order(calm.points)) {
    if (Date.now() >= until && killedAt.length >= least) break;
    try {
      const outcome = await live(life, { at });
      (outcome.kills === 1 ? killedAt : missed).push(at);
      wrong.push(...outcome.wrong.map((each) => `${life.name}, killed ${at}: ${each}`));
    } catch (error) {
      wrong.push(`${life.name}, killed ${at}: ${(error as Error).message}`);
    }
  }
  return { points: calm.points.length, killedAt, missed, wrong };
}

/**
 * Kills at random moments, again and again: some lives lose several hosts, some of these while they bring
 * back what the last one did.
 */
export async function randomKills(
  life: Life,
  until: number,
  random: () => number,
): Promise<{ readonly lives: number; readonly kills: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  let kills = 0;
  let lives = 0;
  // One kill at least: a proof that killed nothing has proved nothing.
  for (; Date.now() < until || (kills === 0 && lives < 10); lives += 1) {
    const after = Array.from(
      { length: 1 + Math.floor(random() * 6) },
      () => 150 + Math.floor(random() * 1800),
    );
    try {
      const outcome = await live(life, { after });
      kills += outcome.kills;
      wrong.push(
        ...outcome.wrong.map((each) => `${life.name}, killed after ${after.join(', ')} ms: ${each}`),
      );
    } catch (error) {
      wrong.push(`${life.name}, killed after ${after.join(', ')} ms: ${(error as Error).message}`);
    }
  }
  return { lives, kills, wrong };
}
