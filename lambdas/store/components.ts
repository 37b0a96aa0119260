import type { ObjectLocation } from '../domain/ports.ts';
import { absent, either, equals, update, type TransactionItem } from './expression.ts';
import { keys } from './keys.ts';
import { plainRow, text } from './row-reader.ts';
import type { Table } from './table.ts';

/** The packaging job that writes a component. */
export interface ComponentOwner {
  readonly project: string;
  readonly name: string;
  readonly operationId: string;
}

const ownerIn = plainRow<ComponentOwner>({ project: text, name: text, operationId: text });

/** For how long a claim is kept, in seconds: longer than any job runs. */
const lifetime = 7 * 24 * 3600;

/**
 * Which packaging job writes the objects of a component: S3 has no transaction over two of them. A claim
 * needs no release, because whoever finds one asks whether its job is still under way.
 */
export class Components {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** @param recipe where the component's recipe is, or will be */
  async ownerOf(recipe: ObjectLocation): Promise<ComponentOwner | undefined> {
    const row = await this.#table.get(keys.component(recipe));
    return row && ownerIn(row);
  }

  /** Believes that nobody but `before`, whose job has ended, has claimed the component. */
  claim(
    recipe: ObjectLocation,
    { project, name, operationId }: ComponentOwner,
    before: ComponentOwner | undefined,
    now: number,
  ): TransactionItem {
    const expiresAt = Math.floor(now / 1000) + lifetime;
    return update(
      'component',
      keys.component(recipe),
      { set: { project, name, operationId, expiresAt } },
      before === undefined
        ? absent('operationId')
        : either(absent('operationId'), equals('operationId', before.operationId)),
    );
  }
}
