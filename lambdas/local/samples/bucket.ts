/** Where samples are written. Any key may read them. */
export const samplesBucket = 'crowsnest-samples';
