import type { ObjectStore } from '../../lambdas/domain/ports.ts';
import type {
  Trainer,
  TrainingExample,
  TrainingObservation,
  TrainingResults,
  TrainingSpec,
} from '../../lambdas/engines/trainer.ts';

/**
 * A trainer that does what a test says, and keeps state as a real one does. By default everything succeeds at
 * once, and every verdict is right.
 */
export class ScriptedTrainer implements Trainer {
  readonly artifacts = { bucket: 'artifacts', prefix: '' };
  readonly jobs = new Map<string, TrainingObservation>();
  readonly calls: string[] = [];
  /** What a training is right after it was started, or `done` for one that has ended well. */
  born: TrainingObservation | 'done' = 'done';
  /** Runs before a call takes effect: throws, or waits. */
  before: (call: 'start' | 'observe' | 'stop', id: string) => void | Promise<void> = () => undefined;
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async start(spec: TrainingSpec): Promise<void> {
    this.calls.push(`start ${spec.id}`);
    await this.before('start', spec.id);
    if (this.jobs.has(spec.id)) return;
    if (this.born === 'done') await this.finish(spec);
    else this.jobs.set(spec.id, this.born);
  }

  async observe({ id }: TrainingSpec): Promise<TrainingObservation> {
    this.calls.push(`observe ${id}`);
    await this.before('observe', id);
    return this.jobs.get(id) ?? { state: 'missing' };
  }

  async stop({ id }: TrainingSpec): Promise<void> {
    this.calls.push(`stop ${id}`);
    await this.before('stop', id);
    this.jobs.delete(id);
  }

  async finish(spec: TrainingSpec): Promise<void> {
    const [train, test] = await Promise.all([this.examples(spec, 'train'), this.examples(spec, 'test')]);
    const results: TrainingResults = {
      f1Score: 1,
      precision: 1,
      recall: 1,
      rocAuc: 1,
      averagePrecision: 1,
      evaluatedAt: Date.parse('2026-01-15T12:30:00Z'),
      images: { train: train.length, test: test.length },
      pictures: test.map(({ source, label }) => ({
        source,
        isAnomalous: label === 'anomaly',
        confidence: 0.9,
      })),
    };
    const location = { bucket: spec.workspace.bucket, key: `${spec.workspace.prefix}results.json` };
    await this.#objects.write(location, Buffer.from(JSON.stringify(results)));
    for (const name of ['model.onnx', 'model.json'])
      await this.#objects.write(
        { bucket: spec.workspace.bucket, key: `${spec.workspace.prefix}${name}` },
        Buffer.from('{}'),
      );
    this.jobs.set(spec.id, { state: 'trained', artifact: spec.workspace, results: location });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async examples(spec: TrainingSpec, set: 'train' | 'test'): Promise<TrainingExample[]> {
    const bytes = await this.#objects.read(spec.examples[set]);
    return Buffer.from(bytes ?? '')
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as TrainingExample);
  }
}
