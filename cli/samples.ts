/**
 * Writes the sample pictures, the sample model and a dataset to train from into the local data folder: `npm
 * run samples [-- <folder>]`. Without a folder it is DATA_DIR, and `data` where that is not set, as for the
 * host.
 */
import { join } from 'node:path';
import { localEnvironment } from '../lambdas/local/environment.ts';
import { createFolderObjects } from '../lambdas/local/folder-objects.ts';
import { writeDataset } from '../lambdas/local/samples/dataset.ts';
import { writeSamples } from '../lambdas/local/samples/write-samples.ts';
import { locationUrl } from '../lambdas/domain/locations.ts';
import { tellFailures, usage } from './usage.ts';

const {
  positionals: [folder],
} = usage(
  'npm run samples [-- FOLDER]: draws sample pictures, a model and a dataset into a ' +
    'data folder: FOLDER, else DATA_DIR, else data.',
  {},
  1,
);

tellFailures();
const root = join(folder ?? localEnvironment().dataDir, 's3');
const objects = createFolderObjects(root);
const { bucket, model, train, evaluation, test, figures } = await writeSamples(objects);
const dataset = await writeDataset(objects);
console.log(
  `Pictures in ${join(root, bucket, 'parts')}: ${train.normal.length} good ones to make a model from, ` +
    `${evaluation.normal.length + evaluation.anomaly.length} to measure it on, ` +
    `${test.normal.length} good and ${test.anomaly.length} defective to try it with.`,
);
console.log(
  `Model at ${locationUrl({ bucket: model.bucket, key: model.prefix })}: ` +
    `F1 ${figures.f1Score.toFixed(3)}, precision ${figures.precision.toFixed(3)}, ` +
    `recall ${figures.recall.toFixed(3)} on parts/evaluation.`,
);
console.log(
  `Dataset at ${locationUrl({ bucket: dataset.bucket, key: dataset.manifest })}: ` +
    `${dataset.images.normal} normal and ${dataset.images.anomaly} anomalous pictures, with masks.`,
);
