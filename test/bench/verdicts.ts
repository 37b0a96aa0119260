/**
 * npm run bench:verdicts [-- --json] [--set <name>] [--seeds <number>]: how good the verdicts of trained
 * models are, on sets that are drawn here and stand for a weakness each.
 */
import { usage } from '../../cli/usage.ts';
import { trainInProcess } from '../../lambdas/engines/training/training-process.ts';
import type { Training } from '../../lambdas/vision/fitting/train.ts';
import { cookies } from '../helpers/cookies.ts';
import { spread } from './measure.ts';
import { aboutSet, drawSet, setNames, type SetName, type Sets } from './verdict-sets.ts';

const text =
  'npm run bench:verdicts [-- --json] [--set NAME,...] [--seeds 3]: area under the ROC curve, F1 and IoU of ' +
  `trained models on pictures they have not seen. Sets: ${setNames.join(', ')}, and cookies where AWS's ` +
  'pictures lie beside the project.';
const {
  values: { json, set, seeds },
} = usage(text, {
  json: { type: 'boolean', default: false },
  set: { type: 'string' },
  seeds: { type: 'string', default: '3' },
});

interface Run {
  readonly set: string;
  readonly seed: number;
  readonly auroc: number;
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  /** The mean over the types, of patches; absent where no test picture has a mask. */
  readonly iou?: number;
  readonly seconds: number;
  readonly notes: readonly string[];
}

const photographs = cookies();
const names = [...setNames, ...(photographs === undefined ? [] : ['cookies', 'cookies-normals'])];
const wanted = set?.split(',') ?? names;
const unknown = wanted.find((name) => !names.includes(name));
if (unknown !== undefined || !/^[1-9]\d?$/.test(seeds)) {
  console.error(unknown === undefined ? '--seeds is a number from 1 to 99' : `there is no set ${unknown}`);
  process.exit(2);
}

function picturesOf(name: string, seed: number): Sets {
  if (photographs === undefined || !name.startsWith('cookies')) return drawSet(name as SetName, seed);
  const { train, test } = photographs;
  return name === 'cookies' ? photographs : { train: train.filter(({ label }) => label === 'normal'), test };
}

async function run(name: string, seed: number): Promise<Run> {
  const { train, test } = picturesOf(name, seed);
  const least = { normals: 1, anomalies: 0 };
  const began = performance.now();
  const { evaluation, notes }: Training = await trainInProcess({
    pictures: train,
    test,
    seed,
    features: 'auto',
    minimums: { single: least, train: least, test: least },
    now: Date.now,
  });
  const seconds = (performance.now() - began) / 1000;
  const { rocAuc: auroc, f1Score: f1, precision, recall, classes } = evaluation;
  const iou = classes && classes.reduce((sum, each) => sum + each.iou, 0) / classes.length;
  return { set: name, seed, auroc, f1, precision, recall, ...(iou !== undefined && { iou }), seconds, notes };
}

const shown = (values: readonly number[], digits: number): string => {
  if (values.length === 0) return '';
  const { min, max } = spread(values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return `${mean.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
};

const runs: Run[] = [];
for (const name of wanted) {
  for (let seed = 1; seed <= Number(seeds); seed += 1) {
    if (!json) console.error(`training ${name}, seed ${seed} ...`);
    runs.push(await run(name, seed));
  }
}
if (json) console.log(JSON.stringify(runs, undefined, 2));
else {
  console.log(
    '| set | AUROC: mean (least to most) | F1 | recall | IoU | s |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const name of wanted) {
    const of = runs.filter((each) => each.set === name);
    const columns = [
      shown(
        of.map(({ auroc }) => auroc),
        3,
      ),
      shown(
        of.map(({ f1 }) => f1),
        3,
      ),
      shown(
        of.map(({ recall }) => recall),
        2,
      ),
      shown(
        of.flatMap(({ iou }) => (iou === undefined ? [] : [iou])),
        2,
      ),
      shown(
        of.map(({ seconds }) => seconds),
        0,
      ),
    ];
    console.log(`| ${name} | ${columns.join(' | ')} |`);
  }
  const about = wanted.flatMap((name) =>
    setNames.includes(name as SetName) ? [`- ${name}: ${aboutSet(name as SetName)}`] : [],
  );
  console.log(`\n${about.join('\n')}`);
}
