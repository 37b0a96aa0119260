import { describe, expect, test } from '@jest/globals';
import { endOf, inForce } from '../../lambdas/domain/hosting-policy.ts';
import { momentOf, type Schedule } from '../../lambdas/domain/schedule.ts';
import { isTimeZone, pointAt, wallTime } from '../../lambdas/domain/time-zone.ts';

const at = (iso: string): number => Date.parse(iso);
const iso = (point: number | undefined): string | undefined =>
  point === undefined ? undefined : new Date(point).toISOString().slice(0, 16);

const week = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
const of = (
  TimeZone: string,
  Start: string,
  End: string,
  Days: Schedule['Windows'][0]['Days'] = week,
): Schedule => ({
  TimeZone,
  Windows: [{ Days, Start, End }],
  Action: 'START_AND_STOP',
});

describe('a time of the wall', () => {
  // Offsets and changes as the zones' authorities have published them.
  test.each([
    ['Europe/Berlin', '2026-01-15T06:00', '2026-01-15T05:00'],
    ['Europe/Berlin', '2026-07-15T06:00', '2026-07-15T04:00'],
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:30'], // left out: an hour later
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30'], // twice: the first
    ['Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00'],
    ['America/New_York', '2026-03-08T02:30', '2026-03-08T07:30'],
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30'],
    ['Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45'], // half an hour, twice
    ['Asia/Kathmandu', '2026-05-01T00:00', '2026-04-30T18:15'],
    ['Pacific/Kiritimati', '2026-05-01T00:00', '2026-04-30T10:00'],
    ['UTC', '2026-05-01T00:00', '2026-05-01T00:00'],
  ])('%s %s is %s UTC', (zone, wall, utc) => {
    expect(iso(pointAt(zone, at(`${wall}:00Z`)))).toBe(utc);
  });

  test('is what its point in time shows', () => {
    expect(iso(wallTime('Europe/Berlin', at('2026-10-25T00:30:00Z')))).toBe('2026-10-25T02:30');
    expect(iso(wallTime('Europe/Berlin', at('2026-10-25T01:30:00Z')))).toBe('2026-10-25T02:30');
  });

  test('has a zone with a name', () => {
    expect(['Europe/Berlin', 'UTC', 'Mars/Olympus', '+02:00', ''].map(isTimeZone)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a schedule', () => {
  const shift = of('Europe/Berlin', '06:00', '22:00', ['MON', 'TUE', 'WED', 'THU', 'FRI']);

  test.each([
    ['2026-06-01T03:59:00Z', false, '2026-05-29T20:00', '2026-06-01T04:00'], // Monday morning
    ['2026-06-01T04:00:00Z', true, '2026-06-01T04:00', '2026-06-01T20:00'],
    ['2026-06-05T20:00:00Z', false, '2026-06-05T20:00', '2026-06-08T04:00'], // Friday evening
  ])('knows at %s whether a window is open, since when and until when', (when, isOpen, since, until) => {
    const moment = momentOf(shift, at(when));
    expect([moment.isOpen, iso(moment.since), iso(moment.until)]).toEqual([isOpen, since, until]);
  });

  const night = of('Europe/Berlin', '22:00', '06:00');
  test('keeps to the clock on both days on which it is changed', () => {
    const spring = momentOf(night, at('2026-03-29T00:00:00Z'));
    expect([iso(spring.since), iso(spring.until)]).toEqual(['2026-03-28T21:00', '2026-03-29T04:00']); // 7 hours
    const autumn = momentOf(night, at('2026-10-25T00:45:00Z'));
    expect([iso(autumn.since), iso(autumn.until)]).toEqual(['2026-10-24T20:00', '2026-10-25T05:00']); // 9 hours
  });

  test('opens and closes once where an hour comes twice, and not at all in one that is left out', () => {
    const twice = of('Europe/Berlin', '01:00', '02:30');
    expect(momentOf(twice, at('2026-10-25T00:29:00Z')).isOpen).toBe(true);
    expect(momentOf(twice, at('2026-10-25T01:15:00Z')).isOpen).toBe(false); // the second 02:15
    const out = of('Europe/Berlin', '02:00', '03:00', ['SUN']);
    expect(iso(momentOf(out, at('2026-03-28T12:00:00Z')).nextOpening)).toBe('2026-04-05T00:00');
  });

  test('whose windows follow on one another has no boundary between them, and one without a gap has none', () => {
    const two: Schedule = {
      ...shift,
      Windows: [...shift.Windows, { Days: ['MON'], Start: '22:00', End: '24:00' }],
    };
    expect(iso(momentOf(two, at('2026-06-01T10:00:00Z')).until)).toBe('2026-06-01T22:00');
    expect(momentOf(of('UTC', '00:00', '24:00'), at('2026-06-01T10:00:00Z'))).toEqual({ isOpen: true });
    expect(momentOf({ ...shift, Windows: [] }, at('2026-06-01T10:00:00Z'))).toEqual({ isOpen: false });
  });
});

describe('the end that policies have in store', () => {
  const shift = of('UTC', '06:00', '22:00');
  const run = (startedAt: string, hostedAt?: string, lastUsedAt?: string) => ({
    project: 'parts',
    version: '1',
    startedAt: at(startedAt),
    ...(hostedAt !== undefined && { hostedAt: at(hostedAt) }),
    ...(lastUsedAt !== undefined && { lastUsedAt: at(lastUsedAt) }),
  });
  const told = (end: ReturnType<typeof endOf>) => end && [iso(end.at), end.cause.reason, end.actor];

  test('is the earliest of all, and its actor says whose policy it is', () => {
    const stage = { MaxRunMinutes: 480, IdleStopMinutes: 60 };
    const begun = run('2026-06-01T08:00:00Z', '2026-06-01T08:05:00Z');
    const now = at('2026-06-01T08:10:00Z');
    expect(told(endOf(begun, inForce(stage, undefined, undefined), now))).toEqual([
      '2026-06-01T09:05',
      'IDLE',
      'policy:stage',
    ]);
    const used = { ...begun, lastUsedAt: at('2026-06-01T15:30:00Z') };
    expect(told(endOf(used, inForce(stage, { MaxRunMinutes: 600 }, undefined), now))).toEqual([
      '2026-06-01T16:31',
      'IDLE',
      'policy:stage',
    ]);
    expect(told(endOf(used, inForce(stage, { IdleStopMinutes: 0 }, undefined), now))).toEqual([
      '2026-06-01T16:00',
      'LEASE',
      'policy:stage',
    ]);
    const model = inForce(stage, { IdleStopMinutes: 0, Schedule: shift }, { MaxRunMinutes: 0 });
    expect(told(endOf(used, model, now))).toEqual(['2026-06-01T22:00', 'SCHEDULE', 'policy:project/parts']);
    expect(
      endOf(used, inForce(stage, undefined, { MaxRunMinutes: 0, IdleStopMinutes: 0 }), now),
    ).toBeUndefined();
  });

  test('of a run that was begun between windows is the close of the next one', () => {
    const policy = inForce({}, undefined, { Schedule: shift });
    const night = run('2026-06-01T23:00:00Z');
    expect(told(endOf(night, policy, at('2026-06-01T23:30:00Z')))).toEqual([
      '2026-06-02T22:00',
      'SCHEDULE',
      'policy:model/parts/1',
    ]);
    expect(told(endOf(night, policy, at('2026-06-02T22:01:00Z')))?.[0]).toBe('2026-06-02T22:00');
    const day = run('2026-06-01T10:00:00Z');
    expect(told(endOf(day, policy, at('2026-06-01T23:30:00Z')))?.[0]).toBe('2026-06-01T22:00');
  });
});
