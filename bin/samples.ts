/** Writes the sample pictures and the sample model into the local data folder: `npm run samples [-- <folder>]`, `data` unless told. */
import { join } from 'node:path';
import { createFolderObjects } from '../lambdas/local/folder-objects.ts';
import { writeSamples } from '../lambdas/local/samples/write-samples.ts';

const root = join(process.argv[2] ?? 'data', 's3');
const { bucket, model, train, evaluation, test, figures } = await writeSamples(createFolderObjects(root));
console.log(`Pictures in ${join(root, bucket, 'parts')}: ${train.normal.length} good ones to make a model from, `
  + `${evaluation.normal.length + evaluation.anomaly.length} to measure it on, ${test.normal.length} good and ${test.anomaly.length} defective to try it with.`);
console.log(`Model at s3://${model.bucket}/${model.prefix}: F1 ${figures.f1Score.toFixed(3)}, precision ${figures.precision.toFixed(3)}, `
  + `recall ${figures.recall.toFixed(3)} on parts/evaluation.`);
