import { fileURLToPath } from 'node:url';
import type { Environment } from '../contract/environments.ts';
import { systemClock } from '../domain/clock-and-ids.ts';
import { createLog } from '../domain/log.ts';
import { carryOut } from '../engines/lambda/trainer-function.ts';
import type { TrainerEvent } from '../engines/lambda/training-control.ts';
import { artifactsOf } from './artifacts.ts';
import { s3Objects } from './s3-objects.ts';

/** As much of what Lambda tells a handler as the trainer asks for. */
interface LambdaContext {
  readonly memoryLimitInMB: string;
  getRemainingTimeInMillis(): number;
}

/** The share of the function's memory that the process which learns may use; the rest is this one's. */
const workerShare = 0.85;

/** What the process which learns is told: where its libraries are, and nothing of the function's rights. */
const workerEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ['NODE_PATH', 'LD_LIBRARY_PATH'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );

export function trainerHandler(
  env: Environment<'trainer'>,
): (event: TrainerEvent, context: LambdaContext) => Promise<string> {
  const objects = s3Objects();
  const log = createLog((line) => {
    process.stdout.write(`${line}\n`);
  });
  const worker = fileURLToPath(new URL('worker.cjs', import.meta.url));
  return async (event, context) => {
    const { project, version } = event.spec.model;
    const about = log.with({ training: event.spec.id, model: `${project}/${version}`, order: event.n });
    const remaining = (): number => context.getRemainingTimeInMillis();
    const outcome = await carryOut(
      {
        objects,
        clock: systemClock,
        log: about,
        stage: env.STAGE,
        artifacts: artifactsOf(env),
        runner: {
          worker,
          env: workerEnvironment(),
          memory: Number(context.memoryLimitInMB) * 1024 * 1024 * workerShare,
          limit: remaining(),
        },
      },
      event,
      remaining,
    );
    about.info('the order has been carried out', { outcome });
    return outcome;
  };
}
