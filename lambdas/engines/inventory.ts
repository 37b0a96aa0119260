/** Something that an engine has and that bears this stage's mark. */
export interface EngineResource {
  readonly kind: 'function' | 'endpoint' | 'endpoint configuration' | 'model' | 'model package';
  readonly name: string;
  /** What its tags say it is for. */
  readonly project?: string;
  readonly version?: string;
  /** Absent on what belongs to a version rather than to one run of it. */
  readonly deploymentId?: string;
}

/**
 * Everything that an engine has of this stage, whatever the table says: the other way to look at the same
 * world.
 */
export interface EngineInventory {
  list(): AsyncIterable<EngineResource>;
}

export const joinInventories = (...all: readonly EngineInventory[]): EngineInventory => ({
  async *list() {
    for (const each of all) yield* each.list();
  },
});
