import type { Construct } from 'constructs';
import type { StageConfig } from '../config/stages.ts';
import { Hosting } from './hosting.ts';
import type { Objects } from './objects.ts';
import { Training } from './training.ts';

/** What a stage has of SageMaker, where anything of it is configured. */
export class SageMaker {
  readonly hosting: Hosting;
  readonly training: Training;
  readonly all: readonly Construct[];

  /** The constructs stand directly below `scope`: their logical ids are those of 0.1. */
  constructor(
    scope: Construct,
    {
      stage,
      objects,
      config,
    }: { readonly stage: string; readonly objects: Objects; readonly config: StageConfig },
  ) {
    const { images, modelPackages, algorithmArn, volumeKeyArn } = config;
    this.hosting = new Hosting(scope, 'Hosting', {
      stage,
      objects,
      images,
      modelPackages,
      algorithmArn,
      volumeKeyArn,
    });
    this.training = new Training(scope, 'Training', { stage, objects, hosting: this.hosting, algorithmArn });
    this.all = [this.hosting, this.training];
  }
}
