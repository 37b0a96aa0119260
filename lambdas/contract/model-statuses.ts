/** The values of a model's Status. Apart from the shapes, so that functions need not carry those for it. */
export const modelStatuses = [
  'TRAINING',
  'TRAINED',
  'TRAINING_FAILED',
  'STARTING_HOSTING',
  'HOSTED',
  'HOSTING_FAILED',
  'STOPPING_HOSTING',
  'SYSTEM_UPDATING',
  'DELETING',
] as const;
