import { Aws, Stack } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { allow } from './grant.ts';

/** A key of the deployment's own, and those that it had before. */
export interface Keys {
  readonly current: IKey | undefined;
  readonly former: readonly IKey[];
}

/** What is there may be read with the key that it was written with; what is written has the current one. */
export function useKeys({ current, former }: Keys, role: IRole, service: 'dynamodb' | 's3'): void {
  if (current !== undefined) useKey(current, role, service);
  for (const { keyArn } of former)
    allow(role, { actions: ['kms:Decrypt', 'kms:DescribeKey'], on: [keyArn], when: via(role, service) });
}

const via = (role: IRole, service: string): Record<string, Record<string, string>> => ({
  StringEquals: { 'kms:ViaService': `${service}.${Stack.of(role).region}.${Aws.URL_SUFFIX}` },
});

/**
 * Lets a role use a key of the deployment's own, through one service and for nothing else. The key's own
 * policy must let IAM decide, as the default one does.
 */
export const useKey = (key: IKey, role: IRole, service: 'dynamodb' | 's3'): void =>
  allow(role, {
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    on: [key.keyArn],
    when: via(role, service),
  });
