import { decodeEnvironment } from '../../contract/environments.ts';
import {
  checkCandidate,
  type AdmissionAnswer,
  type AdmissionEvent,
} from '../../engines/lambda/admission-function.ts';
import { s3Objects } from '../s3-objects.ts';

const objects = s3Objects();
const { UNIT_THREADS } = decodeEnvironment('admission', process.env);

export const handler = (event: AdmissionEvent): Promise<AdmissionAnswer> =>
  checkCandidate(objects, event, UNIT_THREADS);
