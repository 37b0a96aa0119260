import { readEnvironment } from '../base.ts';
import { awsDrainer, isComplete, onEvent } from '../drain.ts';

const drainer = awsDrainer(readEnvironment('drain'));

export const begin = onEvent(drainer);
export const look = isComplete(drainer);
