import { ServiceError, ValidationError } from '../contract/errors.ts';
import type { OperationName } from '../contract/operations.ts';
import { fingerprint } from '../domain/tokens.ts';
import type { TransactionItem, Row } from '../store/expression.ts';
import { ConditionFailed } from '../store/table.ts';
import { Tokens, type Memory } from '../store/tokens.ts';
import type { WriteContext } from './context.ts';

/**
 * The answer to a write may be lost. Whoever sends the write again then finds that his own operation is in
 * the way: it was carried out.
 */
const begunBy = (row: Row | undefined, operationId: string): boolean =>
  (row as { readonly operation?: { readonly id: string } } | undefined)?.operation?.id === operationId;

/** The parts of a commit whose rows say which operation is theirs. */
const subjects = ['model', 'dataset', 'job'];

type Parameters = Readonly<Record<string, unknown>> & { readonly ClientToken?: string };

/**
 * A call that happens at most once per client token. What it promises and the memory of having promised it
 * are one transaction, so a retry after any crash either finds both or neither. A call without a token is a
 * fresh call; only successes are remembered.
 */
export class IdempotentCall<Answer extends Readonly<Record<string, unknown>>> {
  readonly #ctx: Pick<WriteContext, 'store' | 'clock'>;
  readonly #operation: OperationName;
  readonly #token: string | undefined;
  readonly #fingerprint: string;
  readonly #replay: (memory: Memory) => Answer | Promise<Answer>;

  /**
   * @param replay makes the answer to a repetition out of what was remembered; the stored answer itself, if
   * not given
   */
  constructor(
    ctx: Pick<WriteContext, 'store' | 'clock'>,
    operation: OperationName,
    input: Parameters,
    replay: (memory: Memory) => Answer | Promise<Answer> = ({ answer }) => answer as Answer,
  ) {
    this.#ctx = ctx;
    this.#operation = operation;
    this.#token = input.ClientToken;
    this.#fingerprint = fingerprint(input);
    this.#replay = replay;
  }

  /**
   * Commits `parts`, and with them the answer under the token; a repetition commits nothing and is answered
   * from memory.
   * @param refusal what to throw, or else to answer, when one of `parts` was refused
   * @returns the answer, and whether this call was the one that made it true
   */
  async commit(
    {
      answer,
      operationId,
      version,
    }: { readonly answer: Answer; readonly operationId: string; readonly version?: string },
    parts: readonly TransactionItem[],
    refusal: (refused: ConditionFailed) => ServiceError | Answer | Promise<ServiceError | Answer>,
  ): Promise<{ readonly answer: Answer; readonly first: boolean }> {
    const { store, clock } = this.#ctx;
    const memory: Memory = {
      fingerprint: this.#fingerprint,
      answer,
      operationId,
      ...(version !== undefined && { version }),
    };
    const remember =
      this.#token === undefined
        ? []
        : [store.tokens.remember(this.#operation, this.#token, memory, clock.now())];
    try {
      if (remember.length + parts.length > 0) await store.commit(...remember, ...parts);
      return { answer, first: true };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const known = error.at('token') ? Tokens.inTheWay(error.row('token')) : undefined;
      if (
        known?.operationId === operationId ||
        subjects.some((part) => begunBy(error.row(part), operationId))
      )
        return { answer, first: true };
      if (known !== undefined) return { answer: await this.#answerOf(known), first: false };
      const outcome = await refusal(error);
      if (outcome instanceof ServiceError) throw outcome;
      return { answer: outcome, first: false };
    }
  }

  /**
   * For calls that have much to do before their transaction. @returns the answer to a repetition, or
   * undefined if this is none
   */
  async replay(): Promise<Answer | undefined> {
    const { store, clock } = this.#ctx;
    const known =
      this.#token === undefined
        ? undefined
        : await store.tokens.recall(this.#operation, this.#token, clock.now());
    return known && this.#answerOf(known);
  }

  /** For refusals that are found before the transaction: a repetition of a success is still one. */
  async replayOrThrow(refusal: ServiceError): Promise<Answer> {
    const known = await this.replay();
    if (known === undefined) throw refusal;
    return known;
  }

  #answerOf(known: Memory): Answer | Promise<Answer> {
    if (known.fingerprint !== this.#fingerprint) {
      throw new ValidationError(
        'The client token was used before with other parameters. A token names one call: repeat that ' +
          'call unchanged, or choose another token.',
      );
    }
    return this.#replay(known);
  }
}
