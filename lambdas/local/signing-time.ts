/** Epoch milliseconds of a time as signatures have it, `20260102T030405Z`, or NaN. */
export function signingTime(stamp: string): number {
  const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return iso === stamp ? NaN : Date.parse(iso);
}
