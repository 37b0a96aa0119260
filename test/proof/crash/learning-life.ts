import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { line, manifestOf } from '../../helpers/manifests.ts';
import { picture } from '../../helpers/artifacts.ts';
import type { Life } from './life.ts';

const root = '/2020-11-20/projects';
const dataset = `${root}/parts/datasets/train`;
const model = `${root}/parts/models/1`;
const job = `${root}/parts/modelpackagingjobs/bundle`;

const normals = 20;
const anomalies = 10;

/** A dataset is read and changed, a model is trained on it and packaged, and all of it deleted. */
export const learningLife: Life = {
  name: 'learning',
  deployments: 0,

  async prepare(dataDir) {
    const folder = join(dataDir, 's3/photos');
    mkdirSync(folder, { recursive: true });
    mkdirSync(join(dataDir, 's3/results'));
    const lines: object[] = [];
    for (let index = 0; index <= normals + anomalies; index += 1) {
      const label = index <= normals ? 'normal' : 'anomaly';
      const shade = (index * 5).toString(16).padStart(2, '0');
      writeFileSync(
        join(folder, `${index}.png`),
        await picture(label === 'normal' ? `#00${shade}00` : `#ff${shade}00`)
          .png()
          .toBuffer(),
      );
      if (index > 0) lines.push(line(`${index}.png`, label));
    }
    writeFileSync(join(folder, 'manifest'), manifestOf(lines));
  },

  async walk(hosts) {
    const reachDataset = async (wanted: string, onTheWay: string) =>
      (
        await hosts.reach(
          dataset,
          ({ body }) => (body['DatasetDescription'] as { Status: string }).Status,
          wanted,
          [onTheWay],
        )
      )['DatasetDescription'] as { ImageStats: { Total: number; Normal: number } };
    const reachModel = (wanted: string, onTheWay: string) =>
      hosts.reach(
        model,
        ({ status, body }) =>
          status === 404 ? 'none' : (body['ModelDescription'] as { Status: string }).Status,
        wanted,
        [onTheWay],
      );

    await hosts.must(200, 'POST', root, '{"ProjectName":"parts"}', 'make');
    await hosts.must(
      202,
      'POST',
      `${root}/parts/datasets`,
      '{"DatasetType":"train","DatasetSource":{"GroundTruthManifest":{"S3Object":{"Bucket":"photos","Key":"manifest"}}}}',
      'read',
    );
    const { ImageStats: before } = await reachDataset('CREATE_COMPLETE', 'CREATE_IN_PROGRESS');
    const Changes = Buffer.from(manifestOf([line('0.png', 'normal'), line('1.png', 'normal')])).toString(
      'base64',
    );
    await hosts.must(202, 'PATCH', `${dataset}/entries`, JSON.stringify({ Changes }), 'change');
    const { ImageStats: after } = await reachDataset('UPDATE_COMPLETE', 'UPDATE_IN_PROGRESS');
    if (
      before.Total !== normals + anomalies ||
      after.Total !== before.Total + 1 ||
      after.Normal !== normals + 1
    )
      throw new Error(`the dataset has ${JSON.stringify(after)}`);

    const train = [
      'POST',
      `${root}/parts/models`,
      '{"OutputConfig":{"S3Location":{"Bucket":"results","Prefix":""}}}',
      'train',
    ] as const;
    await hosts.must(202, ...train);
    await reachModel('TRAINED', 'TRAINING');
    await hosts.must(202, ...train);
    const { Models } = (await hosts.must(200, 'GET', `${root}/parts/models`)) as { Models: unknown[] };
    if (Models.length !== 1) throw new Error(`one training made ${Models.length} versions`);

    await hosts.must(
      200,
      'POST',
      `${root}/parts/modelpackagingjobs`,
      JSON.stringify({
        ModelVersion: '1',
        JobName: 'bundle',
        Configuration: {
          Greengrass: {
            S3OutputLocation: { Bucket: 'results' },
            ComponentName: 'parts',
            TargetPlatform: { Os: 'LINUX', Arch: 'X86_64' },
          },
        },
      }),
      'package',
    );
    await hosts.reach(
      job,
      ({ body }) => (body['ModelPackagingDescription'] as { Status: string }).Status,
      'SUCCEEDED',
      ['CREATED', 'RUNNING'],
    );

    await hosts.must(202, 'DELETE', model, undefined, 'delete');
    await reachModel('none', 'DELETING');
    await hosts.must(202, 'DELETE', dataset, undefined, 'drop');
    await hosts.must(200, 'DELETE', `${root}/parts`, undefined, 'remove');
  },
};
