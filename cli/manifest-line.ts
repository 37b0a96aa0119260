/** A line of a manifest in the service's classification format. */
export const manifestLine = (
  sourceRef: string,
  label: 'normal' | 'anomaly',
  date = '2026-01-01T00:00:00.000Z',
): string =>
  JSON.stringify({
    'source-ref': sourceRef,
    'anomaly-label': label === 'anomaly' ? 1 : 0,
    'anomaly-label-metadata': {
      confidence: 1,
      'job-name': 'crowsnest',
      'class-name': label,
      'human-annotated': 'yes',
      'creation-date': date,
      type: 'groundtruth/image-classification',
    },
  });
