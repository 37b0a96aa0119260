/**
 * node test/bench/quota-heat.ts: the one row that every start has in common, simulated. Callers come at
 * random at a given rate; two transactions on the row at once collide, as DynamoDB has it, and whoever
 * collides waits as `Table.commit` does. No emulator collides, so this is arithmetic with chance in it.
 */
import { chance } from '../proof/random.ts';

/** Milliseconds that a transaction of four rows holds its rows, roughly, in the table's own region. */
const held = 12;
const retryBudget = 3000;

function simulate(
  ratePerSecond: number,
  seconds: number,
  seed: number,
): { readonly tries: number; readonly median: number; readonly p99: number; readonly refused: number } {
  const random = chance(seed);
  const events: { at: number; came: number; attempt: number }[] = [];
  for (let at = 0; at < seconds * 1000; at += -Math.log(1 - random()) * (1000 / ratePerSecond))
    events.push({ at, came: at, attempt: 0 });
  const total = events.length;
  let busyUntil = -1;
  let tries = 0;
  let refused = 0;
  const taken: number[] = [];
  while (events.length > 0) {
    events.sort((a, b) => a.at - b.at);
    const { at, came, attempt } = events.shift() as { at: number; came: number; attempt: number };
    tries += 1;
    if (at >= busyUntil) {
      busyUntil = at + held;
      taken.push(at + held - came);
      continue;
    }
    const pause = random() * Math.min(20 * 2 ** attempt, 500);
    if (at + held + pause >= came + retryBudget) refused += 1;
    else events.push({ at: at + held + pause, came, attempt: attempt + 1 });
  }
  taken.sort((a, b) => a - b);
  return {
    tries: tries / total,
    median: taken[Math.floor(taken.length / 2)] ?? NaN,
    p99: taken[Math.floor(taken.length * 0.99)] ?? NaN,
    refused: refused / total,
  };
}

console.log(
  '| starts and ends a second | tries for each | median ms | p99 ms | refused with 429 |\n| --- | --- | --- | --- | --- |',
);
for (const rate of [1, 5, 10, 20, 40, 60, 80]) {
  const { tries, median, p99, refused } = simulate(rate, 60, 1);
  console.log(
    `| ${rate} | ${tries.toFixed(2)} | ${median.toFixed(0)} | ${p99.toFixed(0)} | ${(refused * 100).toFixed(1)} % |`,
  );
}
