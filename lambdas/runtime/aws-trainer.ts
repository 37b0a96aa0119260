import type { Environment } from '../contract/environments.ts';
import type { Trainer } from '../training/trainer.ts';
import type { Base } from './aws.ts';

export declare const sageMakerTrainer: (env: Environment<'training'>, common: Pick<Base, 'clock'>) => Trainer;
