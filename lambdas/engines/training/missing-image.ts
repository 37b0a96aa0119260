import { locationOf } from '../../domain/locations.ts';
import { nameOf, type LocationRefused, type ObjectStore } from '../../domain/ports.ts';

/** What a user reads of an image or a mask that its line names, and that is not there. */
export const missingImage = (objects: Pick<ObjectStore, 'placeOf'>, url: string): string =>
  `There is no object at ${nameOf(objects, locationOf(url))}. ` +
  'Put the image back, or train with a dataset that does not name it.';

/** What a user reads of one that may not be read. */
export const refusedImage = ({ message }: LocationRefused): string =>
  `${message}. See that the bucket's policy, and the policy of its KMS key, allow it; then train again.`;
