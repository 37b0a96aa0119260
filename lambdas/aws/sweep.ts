import type { Environment } from '../contract/environments.ts';
import { modelControl } from '../operations/hosting/control.ts';
import { TableIdentity } from '../store/table-identity.ts';
import type { SweepContext } from '../workflows/context.ts';
import { report } from '../workflows/sweep/report.ts';
import { sweep } from '../workflows/sweep/sweep.ts';
import { artifactsOf } from './artifacts.ts';
import { base, tableClient, writeLine } from './base.ts';
import { awsEngine } from './engine.ts';
import { meteredEngine } from './metered-engine.ts';
import type { MakeParts } from './takeover.ts';
import { later } from './takeover-later.ts';
import { stepFunctions } from './step-functions.ts';

export interface Sweeper {
  readonly context: SweepContext;
  readonly identity: Pick<TableIdentity, 'look'>;
}

/**
 * Once a minute. A table that was restored is only reported on, until an operator has looked at it and says
 * that it is to be trusted.
 */
export const sweepHandler =
  ({ context, identity }: Sweeper) =>
  async (): Promise<void> => {
    const { store, log } = context;
    if ((await identity.look()) === 'restored') {
      const { due } = await report(context);
      log.event('sweep.reporting', { due });
      return;
    }
    const { looked: due, failed } = await sweep(context);
    const running = await store.quotas.used('RUNNING_MODELS');
    log.event('sweep.ended', { due, failed, running });
  };

/** @param load brings the code of what is hardly ever needed */
export function awsSweeper(env: Environment<'sweep'>, load: () => Promise<MakeParts>): Sweeper {
  const common = base(env);
  const { settings, store, clock } = common;
  const runner = stepFunctions(env);
  return {
    context: {
      ...common,
      ...later(async () => (await load())(env, common), artifactsOf(env)),
      runner,
      models: modelControl({ ...common, runner }),
      engine: meteredEngine(awsEngine(env, common), settings.stage, store, writeLine, () => clock.now()),
    },
    identity: new TableIdentity(tableClient(), env.TABLE_NAME, clock),
  };
}
