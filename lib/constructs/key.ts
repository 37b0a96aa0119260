import { Stack } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { allow } from './grant.ts';

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
    when: { StringEquals: { 'kms:ViaService': `${service}.${Stack.of(role).region}.amazonaws.com` } },
  });
