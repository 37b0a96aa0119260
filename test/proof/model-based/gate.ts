import { TransactionCanceledException, TransactionConflictException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * What becomes of one request on its way to the table or the engine. `lose`: it takes effect, and the answer
 * never comes.
 */
export type Fault = 'none' | 'conflict' | 'fail' | 'lose';

/**
 * Somebody who carries out one function: a call, a task, a sweep, a training. It stops before each of its requests until
 * a history lets it go on.
 */
export interface Actor {
  readonly name: string;
  readonly kind: 'call' | 'task' | 'sweep' | 'training';
  readonly startedAt: number;
  /** Its clock differs by so many milliseconds. */
  readonly skew: number;
  over: boolean;
  /** Whether any of its requests met with a fault, or it was ended from outside. */
  disturbed: boolean;
}

export interface Parked {
  readonly actor: Actor;
  readonly label: string;
  readonly writes: boolean;
  readonly release: (fault: Fault) => Promise<void>;
  /** The request alone, for when whoever made it is gone. */
  readonly alone: () => Promise<unknown>;
}

class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/**
 * Everything that happens, happens because a history releases one request: the same history is the same run.
 */
export class Gate {
  parked: Parked[] = [];
  /** Called after a request has taken effect. */
  effect: (actor: Actor, label: string) => Promise<void> = () => Promise.resolve();

  io<T>(
    actor: Actor,
    label: string,
    writes: boolean,
    work: () => Promise<T>,
    refusal: () => Error = () => new Unavailable(label),
  ): Promise<T> {
    if (actor.over) return new Promise(() => undefined); // whoever was ended asks nobody anything
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const entry: Parked = {
      actor,
      label,
      writes,
      alone: work,
      release: async (fault) => {
        this.parked = this.parked.filter((other) => other !== entry);
        if (fault !== 'none') actor.disturbed = true;
        if (fault === 'fail' || (fault === 'conflict' && !writes)) reject(new Unavailable(label));
        else if (fault === 'conflict') reject(refusal());
        else {
          try {
            const value = await work();
            if (writes) await this.effect(actor, label);
            if (fault === 'lose') reject(new Unavailable(`the answer of ${label}`));
            else resolve(value);
          } catch (error) {
            reject(error);
          }
        }
        await settled();
      },
    };
    this.parked.push(entry);
    return promise;
  }

  /** Ends an actor. @returns its requests that were on their way */
  end(actor: Actor): Parked[] {
    actor.over = true;
    actor.disturbed = true;
    const left = this.parked.filter((entry) => entry.actor === actor);
    this.parked = this.parked.filter((entry) => entry.actor !== actor);
    return left;
  }

  /** A client whose every request is a step of the history. */
  client(actor: Actor, client: DynamoDBDocumentClient): DynamoDBDocumentClient {
    const send = (command: {
      readonly constructor: { readonly name: string };
      readonly input: unknown;
    }): Promise<unknown> => {
      const label = command.constructor.name.replace('Command', '');
      return this.io(
        actor,
        label,
        !['Get', 'Query', 'Scan'].includes(label),
        () => client.send(command as never),
        () => conflict(label, command.input),
      );
    };
    return { send } as unknown as DynamoDBDocumentClient;
  }
}

/**
 * Actors wait for nothing but their requests, so when the queue of promises has run dry each is at its next
 * one, or has ended.
 */
export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function conflict(label: string, input: unknown): Error {
  const message = 'Transaction is ongoing for the item';
  if (label !== 'TransactWrite') return new TransactionConflictException({ message, $metadata: {} });
  const { length } = (input as { TransactItems: readonly unknown[] }).TransactItems;
  return new TransactionCanceledException({
    message,
    $metadata: {},
    CancellationReasons: Array.from({ length }, (_, index) => ({
      Code: index === 0 ? 'TransactionConflict' : 'None',
    })),
  });
}
