import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { serviceModel } from '../../../lambdas/contract/derive/service-model.ts';
import { extensionOperations } from '../../helpers/published-client.ts';
import { where } from '../../helpers/where.ts';

type Shape = Readonly<Record<string, unknown>> & {
  readonly type: string;
  readonly members?: Record<string, Record<string, unknown> & { shape: string }>;
  readonly member?: { shape: string };
  readonly required?: string[];
};
interface Model {
  readonly metadata: Record<string, unknown>;
  readonly operations: Record<
    string,
    {
      http: Record<string, unknown>;
      input: { shape: string };
      output: { shape: string };
      errors: { shape: string }[];
    }
  >;
  readonly shapes: Record<string, Shape>;
}

/**
 * The published description of the service, where somebody has put one: ORIGINAL_SERVICE_MODEL names the
 * file, or it lies beside the project.
 */
const path =
  process.env['ORIGINAL_SERVICE_MODEL'] ??
  fileURLToPath(new URL('../../../../shared/data/lookoutvision-2020-11-20.json', import.meta.url));
const ours = serviceModel() as unknown as Model;
const original = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Model) : undefined;

/** A shape with everything below it, so that what scalars are called does not matter. */
function whole(model: Model, name: string): unknown {
  const { members, member, required, min, ...traits } = model.shapes[name] ?? { type: `missing: ${name}` };
  return {
    ...traits,
    ...(min !== 0 && { min }), // nothing is shorter than nothing
    ...(required && { required: [...required].sort() }),
    ...(members && {
      members: Object.fromEntries(
        Object.entries(members).map(([key, { shape, ...rest }]) => [
          key,
          { ...rest, of: whole(model, shape) },
        ]),
      ),
    }),
    ...(member && { member: whole(model, member.shape) }),
  };
}

where(original !== undefined, 'the published service description as data').describe(
  'against the published description',
  () => {
    const theirs = original ?? ours;
    const shared = Object.keys(ours.operations).filter((name) => name in theirs.operations);

    test("all operations but the extensions are the original's", () => {
      expect(Object.keys(ours.operations).filter((name) => !shared.includes(name))).toEqual(
        extensionOperations,
      );
    });

    test('how clients recognise the service', () => {
      const { serviceFullName: _, ...ourMetadata } = ours.metadata;
      expect(theirs.metadata).toMatchObject(ourMetadata);
    });

    test.each(shared)('%s', (name) => {
      const [our, their] = [ours.operations[name], theirs.operations[name]];
      expect(our?.http).toEqual(their?.http);
      expect(our?.input).toEqual(their?.input);
      expect(our?.output).toEqual(their?.output);
      expect(whole(ours, our?.input.shape ?? '')).toEqual(whole(theirs, their?.input.shape ?? ''));
      expect(whole(ours, our?.output.shape ?? '')).toEqual(whole(theirs, their?.output.shape ?? ''));
      expect(our?.errors.map(({ shape }) => shape).sort()).toEqual(
        their?.errors.map(({ shape }) => shape).sort(),
      );
      for (const { shape } of our?.errors ?? []) expect(whole(ours, shape)).toEqual(whole(theirs, shape));
    });
  },
);
