import type { ServiceError } from '../contract/errors.ts';
import type { Clock } from '../domain/ports.ts';

/**
 * For how long a call that others keep overtaking is tried again, in milliseconds: well within the gateway's
 * 29 seconds, and enough for a hundred callers who change the same thing at once.
 */
const retryBudget = 10_000;

/**
 * Carries out a read followed by a commit that believes what was read, again and again while others commit in
 * between. Pauses have full jitter, or those who collided would collide again.
 * @param overtaken what `attempt` throws when another commit came first; thrown when the budget is spent
 */
export async function retryOvertaken<T>(
  { clock }: { readonly clock: Clock },
  overtaken: ServiceError,
  attempt: () => Promise<T>,
): Promise<T> {
  const giveUpAt = clock.now() + retryBudget;
  for (let round = 0; ; round += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error !== overtaken) throw error;
    }
    const pause = Math.random() * Math.min(10 * 2 ** round, 500);
    if (clock.now() + pause >= giveUpAt) throw overtaken;
    await clock.sleep(pause);
  }
}
