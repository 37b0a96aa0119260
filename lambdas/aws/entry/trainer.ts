import { trainerHandler } from '../trainer-function.ts';
import { decodeEnvironment } from '../../contract/environments.ts';

export const handler = trainerHandler(decodeEnvironment('trainer', process.env));
