import { readEnvironment } from '../runtime/aws.ts';
import { awsDrainer, isComplete, onEvent } from '../runtime/aws-drain.ts';

const drainer = awsDrainer(readEnvironment('drain'));

export const begin = onEvent(drainer);
export const look = isComplete(drainer);
