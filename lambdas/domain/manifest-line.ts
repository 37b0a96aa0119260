import type { Label } from './manifest.ts';

/**
 * A line of a manifest in the service's classification format; without a label, of a picture that somebody
 * has yet to look at.
 * @param date ISO 8601
 */
export const manifestLine = (
  sourceRef: string,
  label: Label | undefined,
  date = '2026-01-01T00:00:00.000Z',
): string =>
  JSON.stringify({
    'source-ref': sourceRef,
    ...(label !== undefined && {
      'anomaly-label': label === 'anomaly' ? 1 : 0,
      'anomaly-label-metadata': {
        confidence: 1,
        'job-name': 'crowsnest',
        'class-name': label,
        'human-annotated': 'yes',
        'creation-date': date,
        type: 'groundtruth/image-classification',
      },
    }),
  });
