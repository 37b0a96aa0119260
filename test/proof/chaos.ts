/**
 * npm run chaos [-- --seconds N] [--only histories|crashes|hostile|load] [--seed N] [--path P]: the long
 * forms of the proofs, one after the other, each for a share of the time. Ends with 1 if anything did not
 * hold; `--seed` and `--path` repeat a history that failed.
 */
import { usage } from '../../cli/usage.ts';
import { hostingLife } from './crash/hosting-life.ts';
import { learningLife } from './crash/learning-life.ts';
import { crashMatrix, randomKills } from './crash/matrix.ts';
import { feed } from './hostile/artifacts.ts';
import { besiege } from './hostile/run.ts';
import { load } from './load.ts';
import { lambdaMatrices } from './model-based/crash-points.ts';
import { explore } from './model-based/run.ts';
import { chance } from './random.ts';

const { values } = usage(
  'npm run chaos [-- --seconds N] [--only histories|crashes|hostile|load] [--seed N] [--path P] [--requests N]: ' +
    'the long forms of the proofs. --seed and --path repeat a history that failed.',
  {
    seconds: { type: 'string', default: '1200' },
    only: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
    requests: { type: 'string', default: '100000' },
  },
);
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const only = values.only;
if (
  !(seconds > 0) ||
  !Number.isInteger(seed) ||
  (only !== undefined && !['histories', 'crashes', 'hostile', 'load'].includes(only))
) {
  console.error(
    '--seconds is a number above 0, --seed a whole number, --only one of histories, crashes, hostile, load',
  );
  process.exit(2);
}
const share = (of: number): number => seconds * 1000 * (only === undefined ? of : 1);

const failures: string[] = [];

/** A proof that had no time to try anything has proved nothing: each count must be above 0. */
const tried = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts)
    .filter(([, count]) => !(count > 0))
    .map(([what]) => `nothing was tried: no ${what}. Give it more --seconds, or a machine that is less busy`);

async function part(
  name: string,
  work: () => Promise<{ readonly told: unknown; readonly wrong: readonly string[] }>,
): Promise<void> {
  if (only !== undefined && only !== name) return;
  const from = Date.now();
  const { told, wrong } = await work();
  console.log(`${name}, ${Math.round((Date.now() - from) / 1000)} s: ${JSON.stringify(told)}`);
  for (const each of wrong) console.error(`  ${name} did not hold: ${each}`);
  failures.push(...wrong);
}

console.log(`seed ${seed}`);
await part('histories', async () => {
  const { failure, ...told } = await explore(share(0.25), {
    seed,
    ...(values.path !== undefined && { path: values.path }),
  });
  return {
    told,
    wrong: [...(failure === undefined ? [] : [failure]), ...tried({ histories: told.histories })],
  };
});
await part('crashes', async () => {
  const told: object[] = [];
  const all: string[] = [];
  const half = (share(0.25) * 0.8) / 2;
  for (const life of [hostingLife, learningLife]) {
    const from = Date.now();
    const { wrong, killedAt, ...matrix } = await crashMatrix(life, from + half * 0.7);
    const random = await randomKills(life, from + half, chance(seed));
    told.push({
      life: life.name,
      ...matrix,
      killedAt: killedAt.length,
      random: { lives: random.lives, kills: random.kills },
    });
    all.push(
      ...wrong,
      ...random.wrong,
      ...tried({
        [`points of ${life.name}`]: killedAt.length,
        [`random kills of ${life.name}`]: random.kills,
      }),
    );
  }
  for (const { life, wrong, endedAt, points } of await lambdaMatrices(half * 0.3)) {
    told.push({ life, points, endedAt: endedAt.length });
    all.push(...wrong, ...tried({ [`points of ${life}`]: endedAt.length }));
  }
  return { told, wrong: all };
});
await part('hostile', async () => {
  const { wrong, ...told } = await besiege(Number(values.requests), Date.now() + share(0.35), seed);
  const fed = await feed({ pictures: 3000, models: 60, graphs: 50_000 }, Date.now() + share(0.05), seed);
  return {
    told: { ...told, pictures: fed.pictures, models: fed.models, graphs: fed.graphs },
    wrong: [
      ...wrong,
      ...fed.wrong,
      ...tried({
        requests: told.sent,
        pictures: fed.pictures.judged + fed.pictures.refused,
        models: fed.models.admitted + fed.models.refused,
        graphs: fed.graphs,
      }),
    ],
  };
});
await part('load', async () => {
  const { wrong, errors, ...told } = await load({
    models: 1000,
    moving: 100,
    seconds: Math.max(20, share(0.1) / 1000),
  });
  return {
    told: { ...told, errors: errors.length },
    wrong: [...wrong, ...errors.slice(0, 5), ...tried({ cycles: told.cycles })],
  };
});
process.exit(failures.length > 0 ? 1 : 0);
