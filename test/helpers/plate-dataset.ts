import type { LabelledPicture } from '../../lambdas/vision/pictures/training-pictures.ts';
import { plates } from '../vision/pictures-made.ts';
import { bucket, type LocalHost } from './local-host.ts';

/**
 * Puts small pictures of plates and their masks where a host finds them. @returns the lines of their
 * manifest, and the pictures
 */
export async function putPlates(
  host: Pick<LocalHost, 'put'>,
  normals: number,
  scratches: number,
  seed: number,
): Promise<{ readonly lines: string[]; readonly pictures: readonly LabelledPicture[] }> {
  const pictures = plates(normals, scratches, 0, seed, { side: 64 });
  const lines: string[] = [];
  for (const picture of pictures) {
    const { id, label, mask } = picture;
    await host.put(`images/${id}`, await picture.load());
    if (mask !== undefined) await host.put(`masks/${id}`, await mask.load());
    lines.push(`${JSON.stringify(lineOf(id, label, mask !== undefined))}\n`);
  }
  return { lines, pictures };
}

function lineOf(id: string, label: 'normal' | 'anomaly', masked: boolean): object {
  const given = {
    'human-annotated': 'yes',
    'creation-date': '2022-08-22T13:52:52.000000',
    'job-name': 'labeling-job/plates',
  };
  return {
    'source-ref': `s3://${bucket}/images/${id}`,
    'anomaly-label': label === 'anomaly' ? 1 : 0,
    'anomaly-label-metadata': {
      'class-name': label,
      confidence: 1,
      type: 'groundtruth/image-classification',
      ...given,
    },
    ...(masked && {
      'anomaly-mask-ref': `s3://${bucket}/masks/${id}`,
      'anomaly-mask-ref-metadata': {
        'internal-color-map': { 0: { 'class-name': 'scratch', 'hex-color': '#23A436' } },
        type: 'groundtruth/semantic-segmentation',
        ...given,
      },
    }),
  };
}
