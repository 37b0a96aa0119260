import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { colourGraph, colourManifest, picture } from '../../helpers/artifacts.ts';
import type { Life } from './life.ts';

const root = '/2020-11-20/projects';
const model = `${root}/parts/models/1`;

/** A model is imported, hosted, used, stopped, started in vain, and deleted. */
export const hostingLife: Life = {
  name: 'hosting',
  deployments: 2,

  prepare(dataDir) {
    const source = join(dataDir, 's3/models/part');
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'model.onnx'), colourGraph());
    writeFileSync(join(source, 'model.json'), JSON.stringify(colourManifest));
  },

  async walk(hosts, dataDir) {
    const reach = (wanted: string) =>
      hosts.reach(
        model,
        ({ status, body }) =>
          status === 404 ? 'none' : (body['ModelDescription'] as { Status: string }).Status,
        wanted,
        ['TRAINING', 'STARTING_HOSTING', 'STOPPING_HOSTING', 'DELETING', 'HOSTED'],
      );
    const units = '{"MinInferenceUnits":1,"MaxInferenceUnits":2}';
    await hosts.must(200, 'POST', root, '{"ProjectName":"parts"}', 'make');
    await hosts.must(
      202,
      'POST',
      `${root}/parts/models/import`,
      '{"Source":{"S3":{"Bucket":"models","Prefix":"part/"}},"Tags":[{"Key":"a","Value":"b"}]}',
      'import',
    );
    await reach('TRAINED');
    await hosts.must(202, 'POST', `${model}/start`, units, 'start');
    await reach('HOSTED');
    await hosts.must(200, 'POST', `${model}/detect`, await picture('#f00').png().toBuffer());
    await hosts.must(202, 'POST', `${model}/stop`, '', 'stop');
    await reach('TRAINED');
    // The second start is in vain: somebody has taken the artifact away.
    for (const copy of readdirSync(join(dataDir, 's3/crowsnest-artifacts'), {
      recursive: true,
      encoding: 'utf8',
    })) {
      if (copy.endsWith('model.onnx')) rmSync(join(dataDir, 's3/crowsnest-artifacts', copy));
    }
    await hosts.must(202, 'POST', `${model}/start`, units, 'start-again');
    await reach('HOSTING_FAILED');
    await hosts.must(202, 'DELETE', model, undefined, 'delete');
    await reach('none');
    await hosts.must(200, 'DELETE', `${root}/parts`, undefined, 'remove');
  },
};
