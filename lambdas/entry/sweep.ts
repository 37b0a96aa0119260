import { readEnvironment } from '../runtime/aws.ts';
import { awsSweeper, sweepHandler } from '../runtime/aws-sweep.ts';

export const handler = sweepHandler(awsSweeper(readEnvironment('sweep')));
