import { describe, expect, test } from '@jest/globals';
import { modelArn, parseArn, projectArn } from '../../lambdas/domain/arns.ts';
import { executionOf, modelId, type ModelOperation } from '../../lambdas/domain/model.ts';
import { idsOf } from '../../lambdas/domain/clock-and-ids.ts';

const home = { partition: 'aws-cn', region: 'cn-north-1', account: '111122223333' };

describe('an ARN', () => {
  test('is spelled as the service spelled it', () => {
    expect(projectArn(home, 'parts')).toBe('arn:aws-cn:lookoutvision:cn-north-1:111122223333:project/parts');
    expect(modelArn(home, { project: 'parts', version: '12' })).toBe(
      'arn:aws-cn:lookoutvision:cn-north-1:111122223333:model/parts/12',
    );
    expect(modelId({ project: 'parts', version: '12' })).toBe('parts/12');
  });

  test('is read as it was written, at the longest too', () => {
    const project = `p${'-'.repeat(253)}_`;
    expect(parseArn(modelArn(home, { project, version: '9999999999' }))).toEqual({
      home,
      kind: 'model',
      project,
      version: '9999999999',
    });
    expect(parseArn(projectArn(home, project))).toEqual({ home, kind: 'project', project });
  });

  test.each([
    '',
    'arn:aws:s3:::bucket',
    'arn:aws:lookoutvision:us-east-1:111122223333:dataset/parts/train',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/parts',
    'arn:aws:lookoutvision:us-east-1:111122223333:project/parts/1',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/0',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/01',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/latest',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/99999999999',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/-parts/1',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/pa rts/1',
    ' arn:aws:lookoutvision:us-east-1:111122223333:project/parts',
    'arn:aws:lookoutvision:us-east-1:111122223333:project/parts\n',
    `arn:aws:lookoutvision:us-east-1:111122223333:project/${'p'.repeat(256)}`,
  ])('of another form, %j, names nothing', (arn) => {
    expect(parseArn(arn)).toBeUndefined();
  });
});

describe('an execution', () => {
  const operation: ModelOperation = {
    id: 'a'.repeat(25),
    attempt: 3,
    kind: 'start',
    actor: 'me',
    at: 1,
    deadline: 2,
  };

  test('is a function of the row alone', () => {
    expect(executionOf({ project: 'parts', version: '1', operation })).toEqual({
      workflow: 'hosting',
      name: `${'a'.repeat(25)}-3`,
      input: { v: 1, kind: 'start', project: 'parts', version: '1', operationId: 'a'.repeat(25), attempt: 3 },
    });
    expect(
      executionOf({ project: 'parts', version: '1', operation: { ...operation, kind: 'import' } }).workflow,
    ).toBe('importing');
  });

  test('has a name that Step Functions takes, however far in time and however often taken over', () => {
    const farthest = Date.UTC(2200, 0, 1);
    for (const now of [0, farthest]) {
      const id = idsOf({ now: () => now }).next();
      expect(id).toMatch(/^[a-z0-9]{25}$/);
      const { name } = executionOf({
        project: 'p'.repeat(255),
        version: '9999999999',
        operation: { ...operation, id, attempt: Number.MAX_SAFE_INTEGER },
      });
      expect(name).toMatch(/^[a-zA-Z0-9-]{1,80}$/);
    }
  });

  test('ids are in order of time', () => {
    const at = (now: number): string => idsOf({ now: () => now }).next();
    expect(at(Date.UTC(2026, 0, 1)) < at(Date.UTC(2026, 0, 2))).toBe(true);
    expect(at(1) < at(36 ** 8)).toBe(true);
  });
});
